internal import DiptychBasics

/// An image of a split.
package struct PairImage {
    /// The bytes of its file, or their base64 as another file has it.
    package enum Content {
        case base64([UInt8])
        case bytes([UInt8])
    }

    package let id: String
    let content: Content
    /// Where it comes from, for messages.
    package let path: String
    package let place: String

    /// Joins an id and an image.
    package init(id: String, content: Content, path: String, place: String) {
        (self.id, self.content, self.path, self.place) = (id, content, path, place)
    }

    /// The file's base64, with the padding that strict decoders want. What is right already is given as it is.
    ///
    /// - Throws: ``DatasetError`` where it is not base64.
    func base64() throws(DatasetError) -> [UInt8] {
        guard case .base64(let text) = content else {
            guard case .bytes(let bytes) = content else { return [] }
            return Base64.encode(bytes)
        }
        guard let fault = Base64.firstFault(in: text) else {
            guard !text.isEmpty else { throw DatasetError(.malformed, path: path, place: place, "has no image") }
            return text
        }
        guard let bytes = Base64.decode(text), !bytes.isEmpty, fault >= text.count - 2 else {
            throw DatasetError(
                .malformed, path: path, place: place, "the image \(id) is not base64 from its character \(fault + 1) on"
            )
        }
        return Base64.encode(bytes)
    }

    /// The file's bytes.
    ///
    /// - Throws: ``DatasetError`` where they are not base64.
    package func bytes() throws(DatasetError) -> [UInt8] {
        switch content {
        case .bytes(let bytes): return bytes
        case .base64(let text):
            guard let bytes = Base64.decode(text), !bytes.isEmpty else {
                throw DatasetError(.malformed, path: path, place: place, "the image \(id) is not base64")
            }
            return bytes
        }
    }
}

/// A text of a split, with the ids of the images that it describes.
package struct PairText {
    /// A number or a text.
    package let id: JSONValue
    package let text: String
    package let imageIDs: [JSONValue]
    /// Where it comes from, for messages.
    package var path = ""
    package var place = ""

    /// Joins a text and the images that it describes.
    package init(id: JSONValue, text: String, imageIDs: [JSONValue], path: String = "", place: String = "") {
        (self.id, self.text, self.imageIDs) = (id, text, imageIDs)
        (self.path, self.place) = (path, place)
    }
}

/// The images and the texts of a split, one after the other: first all images, then all texts.
package protocol PairSource {
    /// The next image; nil behind the last one.
    ///
    /// - Throws: ``DatasetError`` with a place where only this one is bad; without one, nothing can be read on.
    mutating func nextImage() throws(DatasetError) -> PairImage?
    /// The next text; nil behind the last one.
    ///
    /// - Throws: like ``nextImage()``.
    mutating func nextText() throws(DatasetError) -> PairText?
}

/// The files `…_imgs.tsv` and `…_texts.jsonl` of Chinese-CLIP, as they stand.
package struct ChineseClipFiles: PairSource {
    private let path: String
    private let textPath: String?
    private var images: LineStream?
    private var texts: LineStream?

    /// - Parameter path: the file `…_imgs.tsv`; `…_texts.jsonl` is read where it stands beside it.
    init(path: String, encoding: TextFileEncoding? = nil) throws(DatasetError) {
        self.path = path
        images = LineStream(TextStream(try ByteStream(path: path), encoding: encoding))
        textPath = ChineseClipSource.texts(beside: path)
        texts = try textPath.map { (path) throws(DatasetError) in
            LineStream(TextStream(try ByteStream(path: path), encoding: encoding))
        }
    }

    package mutating func nextImage() throws(DatasetError) -> PairImage? {
        while let line = try images?.next() {
            try line.check(path)
            guard !line.bytes.allSatisfy(FileContent.isBlank) else { continue }
            let place = "line \(line.number)"
            guard let tab = line.bytes.firstIndex(of: 0x09), tab > 0,
                let id = String(validating: line.bytes[..<tab], as: UTF8.self), id.utf8.count <= LMDBWriter.longestKey
            else {
                throw DatasetError(
                    .malformed, path: path, place: place, "should be an id, a tab and an image in base64")
            }
            var end = line.bytes.count
            while end > tab + 1, FileContent.isBlank(line.bytes[end - 1]) { end -= 1 }
            return PairImage(
                id: id, content: .base64(Array(line.bytes[(tab + 1)..<max(end, tab + 1)])), path: path, place: place)
        }
        return nil
    }

    package mutating func nextText() throws(DatasetError) -> PairText? {
        guard let textPath else { return nil }
        while let line = try texts?.next() {
            try line.check(textPath)
            guard !line.bytes.allSatisfy(FileContent.isBlank) else { continue }
            let place = "line \(line.number)"
            func malformed(_ reason: String) -> DatasetError {
                DatasetError(.malformed, path: textPath, place: place, reason)
            }
            let value: JSONValue
            do throws(JSONParser.Fault) { value = try JSONParser.parse(line.bytes) } catch {
                throw malformed("is not JSON: \(error.reason) (byte \(error.offset))")
            }
            guard let text = value["text"]?.string, let id = value["text_id"], Self.isPlain(id),
                case .array(let images)? = value["image_ids"], images.allSatisfy({ Self.name(of: $0) != nil })
            else { throw malformed("should be {\"text_id\": 1, \"text\": \"…\", \"image_ids\": [1]}") }
            return PairText(id: id, text: text, imageIDs: images, path: textPath, place: place)
        }
        return nil
    }

    private static func isPlain(_ value: JSONValue) -> Bool {
        switch value {
        case .array, .object: false
        default: true
        }
    }

    /// An id as Chinese-CLIP names an image by it; nil where it is neither a whole number nor a text.
    package static func name(of id: JSONValue) -> String? {
        switch id {
        case .int(let number): String(number)
        case .string(let text): text
        default: nil
        }
    }

    /// The id of an image by its name: a whole number where it is one.
    package static func id(of name: String) -> JSONValue {
        Int64(name).flatMap { String($0) == name ? .int($0) : nil } ?? .string(name)
    }
}

/// A split of an LMDB as Chinese-CLIP has it. Neighbouring pairs of one text are one text again; texts without an image are
/// not in it.
struct LMDBPairs: PairSource {
    private let images: LMDBReader
    private let pairs: LMDBReader?
    private var keys: ArraySlice<[UInt8]>
    private var next = 0
    private var count = 0
    private var ahead: (image: JSONValue, id: JSONValue, text: String)?

    /// - Parameter folder: the folder with `imgs` and `pairs`, or one of images alone.
    init(folder: String) throws(DatasetError) {
        let isSplit = LMDBReader.isEnvironment("\(folder)/imgs")
        images = try LMDBReader(folder: isSplit ? "\(folder)/imgs" : folder)
        let hasPairs = isSplit && LMDBReader.isEnvironment("\(folder)/pairs")
        pairs = hasPairs ? try LMDBReader(folder: "\(folder)/pairs") : nil
        var keys: [[UInt8]] = []
        try images.forEach { (key, _) in if key != LMDBDataset.imageCount { keys.append(key) } }
        self.keys = keys[...]
        var last = -1
        // By what is there: the count may lie.
        try pairs?.forEach { (key, _) in last = max(last, Int(String(decoding: key, as: UTF8.self)) ?? -1) }
        count = last + 1
    }

    mutating func nextImage() throws(DatasetError) -> PairImage? {
        guard let key = keys.popFirst() else { return nil }
        let text = try images.value(key) ?? []
        return PairImage(
            id: String(decoding: key, as: UTF8.self), content: .base64(text), path: images.path,
            place: "key \(LMDBReader.shown(key))")
    }

    mutating func nextText() throws(DatasetError) -> PairText? {
        guard let pairs, let first = try nextPair() else { return nil }
        var ids = [first.image]
        let place = "key \(next - 1)"
        while true {
            // A damaged pair is an error of the next call.
            let here = next
            guard let more = try? nextPair() else {
                next = here
                break
            }
            guard more.id == first.id, more.text == first.text else {
                ahead = more
                break
            }
            ids.append(more.image)
        }
        return PairText(id: first.id, text: first.text, imageIDs: ids, path: pairs.path, place: place)
    }

    private mutating func nextPair() throws(DatasetError) -> (image: JSONValue, id: JSONValue, text: String)? {
        if let pair = ahead {
            ahead = nil
            return pair
        }
        while let pairs, next < count {
            defer { next += 1 }
            if let pair = try LMDBDataset.pair(next, pairs) { return pair }
        }
        return nil
    }
}
