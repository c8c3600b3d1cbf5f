/// The files of one key of a shard, while they come.
struct WebDatasetSample {
    let key: String
    /// By their endings, JSON as objects: `json`, `a.json`.
    var attributes: [String: [JSONValue.Member]] = [:]
    private var images: [(name: WebDatasetName, content: TarReader.Content)] = []
    private var captions: [String: String] = [:]
    private var endings: Set<String> = []
    private var repeated: String?
    private var byteCount = 0

    init(key: String) { self.key = key }

    /// Adds a file.
    ///
    /// - Returns: false where its ending was there already, which makes the sample useless: two images may have changed
    ///   places with two captions.
    mutating func add(_ name: WebDatasetName, _ content: TarReader.Content) -> Bool {
        guard endings.insert(name.ending).inserted else {
            repeated = repeated ?? name.ending
            return false
        }
        if case .bytes(let bytes) = content { byteCount += bytes.count }
        switch (name.kind, content) {
        case (.image?, _): images.append((name, content))
        case (.caption?, .bytes(let bytes)):
            let isPadding: (Character) -> Bool = { $0.isWhitespace || $0 == "\0" }
            let text = String(decoding: bytes, as: UTF8.self)
            captions[name.ending] = String(
                text.drop(while: isPadding).reversed().drop(while: isPadding).reversed())
        default: break
        }
        return true
    }

    /// Whether it holds so much that it must not grow: all names of an archive may begin with the same letters before a dot.
    var isLarge: Bool {
        (images.count >= 1000 || byteCount >= 256 << 20) && !images.contains { $0.name.middle.isEmpty }
    }

    /// Takes everything out but the files with this middle, whose others may be still to come.
    mutating func split(keeping middle: String) -> WebDatasetSample? {
        func isKept(_ ending: String) -> Bool { ending.hasPrefix(middle + ".") || !ending.contains(".") }
        var (rest, kept) = (self, self)
        rest.images.removeAll { isKept($0.name.ending) }
        kept.images.removeAll { !isKept($0.name.ending) }
        guard !rest.images.isEmpty else { return nil }
        kept.captions = captions.filter { isKept($0.key) }
        kept.attributes = attributes.filter { isKept($0.key) }
        kept.endings = endings.filter(isKept)
        kept.byteCount = kept.images.reduce(0) { sum, image in
            if case .bytes(let bytes) = image.content { sum + bytes.count } else { sum }
        }
        self = kept
        return rest
    }

    /// The sample as rows, or why it is none. An image with one ending is the sample's; without one, each image with
    /// several (`a.1.jpg`, `a.2.jpg`) is a row, with the text that shares its longer name.
    func rows(
        in path: String, columns: ColumnNames, suffix: String, notes: DatasetNotes?, keepsTexts: Bool = false
    ) -> [Result<DatasetRow, DatasetError>] {
        func failure(_ reason: String) -> [Result<DatasetRow, DatasetError>] {
            [.failure(DatasetError(.incomplete, path: path, place: key, reason))]
        }
        if let repeated {
            return failure(
                "the key stands twice in a row, each time with .\(repeated); give each sample its own key, as which text "
                    + "belongs to which image cannot be told")
        }
        guard !images.isEmpty else {
            guard keepsTexts else { return failure(Self.imageIsMissing) }
            noteTexts(usedBy: [], path, notes)
            return [.success(row(image: Self.noImage, middle: "", name: "", path, columns, suffix))]
        }
        if let main = images.first(where: { $0.name.middle.isEmpty }) {
            notes?.add(
                "further images of a sample are left out", path: path, place: key, count: images.count - 1)
            noteTexts(usedBy: [main.name], path, notes)
            return [.success(row(main, name: "", path, columns, suffix))]
        }
        noteTexts(usedBy: images.map(\.name), path, notes)
        return images.map { image in
            .success(row(image, name: "." + image.name.middle, path, columns, suffix))
        }
    }

    /// Counts texts and JSON with several endings that belong to none of the images.
    private func noteTexts(usedBy names: [WebDatasetName], _ path: String, _ notes: DatasetNotes?) {
        let middles = Set(names.map(\.middle) + [""])
        let others = (Array(captions.keys) + Array(attributes.keys)).filter { ending in
            !middles.contains(ending.lastIndex(of: ".").map { String(ending[..<$0]) } ?? "")
        }
        notes?.add(
            "further texts of a sample are left out", path: path, place: key, count: others.count)
    }

    /// Why a sample without an image is no row of images.
    static let imageIsMissing = "has no image beside its text"
    /// What stands for the image of a sample that has none.
    static let noImage = DatasetRow.Image.url("")

    private func row(
        _ member: (name: WebDatasetName, content: TarReader.Content), name: String, _ path: String,
        _ columns: ColumnNames, _ suffix: String
    ) -> DatasetRow {
        let image: DatasetRow.Image =
            switch member.content {
            case .bytes(let bytes): .bytes(bytes)
            case .part(let part): .part(part)
            }
        return row(image: image, middle: member.name.middle, name: name, path, columns, suffix)
    }

    private func row(
        image: DatasetRow.Image, middle: String, name: String, _ path: String, _ columns: ColumnNames, _ suffix: String
    ) -> DatasetRow {
        func own<T>(_ values: [String: T], _ endings: [String]) -> T? {
            let longer = middle.isEmpty ? [] : endings.map { "\(middle).\($0)" }
            return (longer + endings).lazy.compactMap { values[$0] }.first
        }
        var caption = own(captions, ["txt", "caption"])
        var attributes = own(attributes, ["json"]) ?? []
        // img2dataset repeats the caption among the attributes.
        let named = attributes.lastIndex { member in
            columns.caption.contains { $0.lowercased() == member.name.lowercased() } && member.value.string != nil
        }
        if let named {
            let text = attributes[named].value.string
            if caption == nil || caption == text {
                caption = text
                attributes.remove(at: named)
            }
        }
        attributes.removeAll { $0.value == .null }
        return DatasetRow(
            locator: "\(path)#\(key)\(name)\(suffix)", image: image, caption: caption, attributes: attributes)
    }
}
