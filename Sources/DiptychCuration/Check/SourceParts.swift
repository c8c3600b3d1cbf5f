internal import DiptychDatasets
internal import Foundation

/// The parts of a dataset that are checked, and what keeps others from it.
struct SourceParts: Sendable {
    let names: PlaceNames
    private(set) var parts: [DatasetPart] = []
    /// Says where rows of each part stand.
    private(set) var places: [PartPlaces] = []
    /// Files that cannot be read.
    private(set) var failures: [DatasetError] = []
    /// Files that are not there.
    private(set) var missing: [DatasetError] = []
    private(set) var wrongCounts: [DatasetError] = []
    /// The number of classes, where a file says it.
    private(set) var classCount: Int?

    /// Opens all sources.
    ///
    /// - Throws: ``DatasetError`` where a source is not there.
    init(_ sources: [String], _ options: DatasetOptions) throws(DatasetError) {
        names = PlaceNames(sources)
        for source in sources {
            try open(source, options)
            look(around: source, options)
        }
    }

    private mutating func open(_ source: String, _ options: DatasetOptions) throws(DatasetError) {
        do throws(DatasetError) { try add(DatasetFiles.splits([source], options: options)) } catch {
            guard !FileManager.default.fileExists(atPath: source) else {
                openEach(source, error, options)
                return
            }
            // A pattern whose files are not all there.
            let files = (try? BracePattern.expand(source)) ?? []
            let present = files.filter { FileManager.default.fileExists(atPath: $0) }
            guard files.count > 1, !present.isEmpty else { throw error }
            for file in files where !present.contains(file) {
                missing.append(DatasetError(.unreadable, path: file, "there is no such file"))
            }
            for file in present { try open(file, options) }
        }
    }

    /// Opens what can be opened of a source that cannot be opened as a whole.
    private mutating func openEach(_ source: String, _ error: DatasetError, _ options: DatasetOptions) {
        var isDirectory: ObjCBool = false
        _ = FileManager.default.fileExists(atPath: source, isDirectory: &isDirectory)
        guard isDirectory.boolValue else {
            failures.append(error)
            // The file is in an older encoding throughout.
            var older = options
            older.encoding = .gb18030
            if options.encoding == nil, error.reason.contains("UTF-8"),
                let some = try? DatasetFiles.splits([source], options: older)
            {
                try? add(some)
            }
            return
        }
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: source)) ?? []).sorted()
        var isListed = false
        for name in names where !name.hasPrefix(".") {
            let path = "\(source)/\(name)"
            guard DatasetKind(path: name) != .list || name.hasSuffix("_imgs.tsv") else { continue }
            do throws(DatasetError) { try add(DatasetFiles.splits([path], options: options)) } catch {
                failures.append(error)
                isListed = true
            }
        }
        if !isListed { failures.append(error) }
    }

    private mutating func add(_ found: [DatasetPart]) throws(DatasetError) {
        for part in found {
            do throws(DatasetError) {
                let scan = try PartScan(part)
                guard !scan.isEmptyFile else {
                    failures.append(DatasetError(.incomplete, path: part.path, "holds no rows"))
                    continue
                }
                places.append(PartPlaces(scan))
                parts.append(part)
            } catch { failures.append(error) }
        }
    }

    /// Files beside the parts: texts without images, an LMDB of the same data, names of classes.
    private mutating func look(around source: String, _ options: DatasetOptions) {
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: source)) ?? []).sorted()
        let hasLMDB = names.contains("lmdb")
        let hasImages = names.contains { $0.hasSuffix("_imgs.tsv") }
        for name in names where name.hasSuffix("_texts.jsonl") && !hasLMDB {
            let images = name.dropLast("_texts.jsonl".count) + "_imgs.tsv"
            guard !names.contains(String(images)), hasImages || names.count <= 2 else { continue }
            missing.append(
                DatasetError(
                    .unreadable, path: "\(source)/\(images)", "is not there, and \(name) has texts of its images"))
        }
        for name in names where name.hasPrefix("train_") || name.hasPrefix("val") {
            guard name.hasSuffix("_imgs.tsv") else { continue }
            let texts = name.dropLast("_imgs.tsv".count) + "_texts.jsonl"
            guard !names.contains(String(texts)) else { continue }
            missing.append(
                DatasetError(.unreadable, path: "\(source)/\(texts)", "is not there, so that the images have no texts"))
        }
        if hasLMDB, hasImages {
            var lmdb = options
            lmdb.folderKind = .lmdb
            for part in (try? DatasetFiles.parts(["\(source)/lmdb"], options: lmdb)) ?? [] {
                do throws(DatasetError) {
                    let scan = try PartScan(part)
                    failures += scan.failures
                    wrongCounts += scan.wrongCounts
                } catch { failures.append(error) }
            }
        }
        readClasses(source, names)
    }

    private mutating func readClasses(_ source: String, _ names: [String]) {
        let folder = names.isEmpty ? source.split(separator: "/").dropLast().joined(separator: "/") : source
        let root = names.isEmpty && source.hasPrefix("/") ? "/" + folder : folder
        let known = ["classes.txt", "class_names.txt", "labels.txt", "label.txt", "label_cn.txt"]
        for name in known where classCount == nil {
            let path = root.isEmpty ? name : "\(root)/\(name)"
            guard
                let text = try? LineStream(path: path, longest: 4096, mayBeJSON: false, advice: "give names of classes")
            else { continue }
            var (lines, count) = (text, 0)
            while let line = try? lines.next(), count <= LabelLedger.limit {
                if line.bytes.contains(where: { $0 > 0x20 }) { count += 1 }
            }
            if count > 0, count <= LabelLedger.limit { classCount = count }
        }
    }
}

/// Says where rows of a part stand, while others are read.
struct PartPlaces: Sendable {
    let form: PartScan.Form
    let hasTexts: Bool
    let areTextsLabels: Bool
    let columns: [DatasetColumn]
    private let scan: Opened

    /// Sendable: it is only asked for places, which reading does not change.
    private final class Opened: @unchecked Sendable {
        let scan: PartScan
        init(_ scan: PartScan) { self.scan = scan }
    }

    init(_ scan: PartScan) {
        (form, hasTexts, areTextsLabels, columns) = (scan.form, scan.hasTexts, scan.areTextsLabels, scan.columns)
        self.scan = Opened(scan)
    }

    func place(ofImage number: Int, id: String?) -> DatasetPlace { scan.scan.place(ofImage: number, id: id) }
    func place(ofText number: Int) -> DatasetPlace { scan.scan.place(ofText: number) }
}
