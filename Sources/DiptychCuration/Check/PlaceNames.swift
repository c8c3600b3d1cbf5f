internal import DiptychDatasets

/// How places of a dataset are written: files relative to the source where there is one.
struct PlaceNames: Sendable {
    private let folder: String?

    init(_ sources: [String]) {
        guard sources.count == 1, let source = sources.first else {
            folder = nil
            return
        }
        folder = source.hasSuffix("/") ? String(source.dropLast()) : source
    }

    /// A file's name.
    func file(_ path: String) -> String {
        guard let folder else { return path }
        if path.hasPrefix(folder + "/") { return String(path.dropFirst(folder.count + 1)) }
        return path.split(separator: "/").last.map(String.init) ?? path
    }

    /// A place as `file:17`, or `file: key 3`.
    func text(_ place: DatasetPlace) -> String {
        let name = file(place.file)
        if place.place.isEmpty { return name }
        let line = place.place.split(separator: " ")
        return line.count == 2 && line[0] == "line" ? "\(name):\(line[1])" : "\(name): \(place.place)"
    }

    /// An error's place and reason.
    func text(_ error: DatasetError) -> String {
        "\(text(DatasetPlace(file: error.path, place: error.place))): \(error.reason)"
    }
}
