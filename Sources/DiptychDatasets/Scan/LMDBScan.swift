/// The entries of a split of an LMDB.
struct LMDBScan: ScanSource {
    private let images: LMDBReader
    private let pairs: LMDBReader?
    private var keys: ArraySlice<[UInt8]>
    private var numbers: ArraySlice<Int>
    /// Keys of pairs that are no numbers, and numbers that are missing.
    private var strays: [ScannedText] = []
    private(set) var failures: [DatasetError] = []
    private(set) var wrongCounts: [DatasetError] = []
    private var imageCount = 0

    var hasPairs: Bool { pairs != nil }

    /// - Parameter folder: the folder with `imgs` and `pairs`, or one of images alone.
    init(folder: String) throws(DatasetError) {
        let isSplit = LMDBReader.isEnvironment("\(folder)/imgs")
        let images = try LMDBReader(folder: isSplit ? "\(folder)/imgs" : folder)
        var pairs: LMDBReader?
        if isSplit {
            if LMDBReader.isEnvironment("\(folder)/pairs") {
                do throws(DatasetError) { pairs = try LMDBReader(folder: "\(folder)/pairs") } catch {
                    failures.append(error)
                }
            } else {
                failures.append(
                    DatasetError(.unreadable, path: "\(folder)/pairs", "is missing, so that its images have no texts"))
            }
        }
        (self.images, self.pairs) = (images, pairs)
        (keys, numbers) = ([], [])
        keys = try readImageKeys()[...]
        if pairs != nil {
            do throws(DatasetError) { numbers = try readPairNumbers()[...] } catch { failures.append(error) }
        }
    }

    private mutating func readImageKeys() throws(DatasetError) -> [[UInt8]] {
        var keys: [[UInt8]] = []
        var stated: String?
        try images.forEach { (key, value) throws(DatasetError) in
            if key == LMDBDataset.imageCount {
                stated = (try? value.get()).map { String(decoding: $0, as: UTF8.self) } ?? ""
            } else {
                keys.append(key)
            }
        }
        compare(stated, key: "num_images", count: keys.count, of: "images", images.path)
        return keys
    }

    private mutating func readPairNumbers() throws(DatasetError) -> [Int] {
        guard let pairs else { return [] }
        var numbers: [Int] = []
        var stated: String?
        var count = 0
        var strays: [ScannedText] = []
        try pairs.forEach { (key, value) throws(DatasetError) in
            guard key != LMDBDataset.pairCount else {
                stated = (try? value.get()).map { String(decoding: $0, as: UTF8.self) } ?? ""
                return
            }
            count += 1
            let name = String(decoding: key, as: UTF8.self)
            if let number = Int(name), number >= 0, String(number) == name {
                numbers.append(number)
            } else {
                let error = DatasetError(
                    .malformed, path: pairs.path, place: "key \(LMDBReader.shown(key))",
                    "is not the number of a pair, and is never read")
                strays.append(ScannedText(number: -1, failure: error))
            }
        }
        numbers.sort()
        // Chinese-CLIP reads 0, 1 and so on.
        if let gap = numbers.indices.first(where: { numbers[$0] != $0 }) {
            let error = DatasetError(
                .malformed, path: pairs.path, place: "key \(gap)", "is missing, and later numbers are there")
            strays.append(ScannedText(number: -1, failure: error))
        }
        self.strays = strays
        compare(stated, key: "num_samples", count: count, of: "pairs", pairs.path)
        return numbers
    }

    private mutating func compare(_ stated: String?, key: String, count: Int, of things: String, _ path: String) {
        guard stated != String(count) else { return }
        let reason =
            stated.map { "says \($0.prefix(40)), and there are \(count) \(things)" }
            ?? "is missing; there are \(count) \(things)"
        wrongCounts.append(DatasetError(.malformed, path: path, place: "key \(key)", reason))
    }

    func place(ofImage number: Int, id: String?) -> DatasetPlace {
        DatasetPlace(file: images.path, place: id.map { "key \($0)" } ?? "entry \(number + 1)")
    }

    func place(ofText number: Int) -> DatasetPlace {
        DatasetPlace(file: pairs?.path ?? images.path, place: "key \(number)")
    }

    mutating func nextImage() -> ScannedImage? {
        guard let key = keys.popFirst() else { return nil }
        defer { imageCount += 1 }
        func failure(_ error: DatasetError, id: String? = nil) -> ScannedImage {
            ScannedImage(number: imageCount, id: id, content: .failure(error))
        }
        guard let id = String(validating: key, as: UTF8.self) else {
            return failure(
                DatasetError(
                    .malformed, path: images.path, place: "key \(LMDBReader.shown(key))", "the id is not UTF-8"))
        }
        do throws(DatasetError) {
            return ScannedImage(number: imageCount, id: id, content: .base64(try images.value(key) ?? []))
        } catch { return failure(error, id: id) }
    }

    mutating func nextText() -> ScannedText? {
        if let stray = strays.popLast() { return stray }
        guard let pairs, let number = numbers.popFirst() else { return nil }
        do throws(DatasetError) {
            guard let pair = try LMDBDataset.pair(number, pairs) else {
                throw DatasetError(.malformed, path: pairs.path, place: "key \(number)", "has no value")
            }
            guard let image = ChineseClipFiles.name(of: pair.image), ChineseClipFiles.name(of: pair.id) != nil else {
                throw DatasetError(
                    .malformed, path: pairs.path, place: "key \(number)",
                    "an id is neither a whole number nor a text")
            }
            return ScannedText(number: number, id: pair.id, text: pair.text, imageIDs: [image])
        } catch { return ScannedText(number: number, failure: error) }
    }
}
