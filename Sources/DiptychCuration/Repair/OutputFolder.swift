internal import DiptychDatasets
internal import Foundation

/// Where a repaired copy may be written.
enum OutputFolder {
    /// Refuses a folder that is a source, lies in one, holds one, or is not empty.
    static func check(_ output: String, apartFrom sources: [String]) throws(CurationError) {
        guard !output.isEmpty else { throw CurationError("the folder for the copy has no name") }
        let target = resolved(output)
        for source in sources {
            let files = (try? BracePattern.expand(source)) ?? [source]
            for file in files.prefix(1000) {
                let place = resolved(file)
                guard target != place, !target.hasPrefix(place + "/"), !place.hasPrefix(target + "/") else {
                    throw CurationError(
                        "\(output): the copy cannot lie in the source, nor the source in the copy (\(file)); name another folder"
                    )
                }
            }
        }
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: output, isDirectory: &isDirectory) else { return }
        guard isDirectory.boolValue else { throw CurationError("\(output): is a file; name a folder") }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: output)) ?? []
        guard names.isEmpty else {
            throw CurationError("\(output): is not empty; name a new folder for the copy")
        }
    }

    /// A path without links and `..`, of its longest part that is there.
    private static func resolved(_ path: String) -> String {
        var (url, rest) = (URL(fileURLWithPath: path).standardizedFileURL, [String]())
        while !FileManager.default.fileExists(atPath: url.path), url.path != "/" {
            rest.append(url.lastPathComponent)
            url.deleteLastPathComponent()
        }
        var folder = url.resolvingSymlinksInPath().path
        if folder == "/" { folder = "" }
        return ([folder] + rest.reversed()).joined(separator: "/")
    }
}
