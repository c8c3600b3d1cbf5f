import Diptych
import DiptychCatalog
import DiptychDatasets
import DiptychMedia
import Foundation

/// Where labelled images lie.
struct ZeroShotPlace {
    private let data: EvaluationDataArguments
    private let labels: String?
    private let isQuiet: Bool
    /// What messages call it.
    var title: String { data.title }

    init(_ data: EvaluationDataArguments, labels: String?, isQuiet: Bool) {
        (self.data, self.labels, self.isQuiet) = (data, labels, isQuiet)
    }

    /// The folder with a folder a class; nil where the data are rows of another form.
    func folder() throws -> LabelledFolder? {
        let path = title
        let hasOptions =
            data.split != nil || data.imageColumn != nil || data.textColumn != nil || data.source.format != nil
        guard !hasOptions else { return nil }
        var isDirectory: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
        guard isDirectory.boolValue else {
            let isTable = DatasetKind(path: path) != .list
            // Neither a file nor a folder may be a name of the catalog.
            let isName =
                !exists
                && (path.contains("://") || path.hasPrefix(DatasetSources.storePrefix)
                    || (try? data.catalog.existing()?.has(path)) == true)
            return isTable || isName ? nil : try LabelledFolder(path: path, labels: labels)
        }
        guard !isDataset(path) else { return nil }
        let root = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        // Chinese-CLIP's: DATASET/test/000/… and DATASET/label_cn.txt.
        for (images, names) in [
            ("\(root)/test", "\(root)/label_cn.txt"),
            (root, URL(fileURLWithPath: root).deletingLastPathComponent().appendingPathComponent("label_cn.txt").path),
        ] {
            let isTest = images != root || URL(fileURLWithPath: root).lastPathComponent == "test"
            guard isTest, FileManager.default.fileExists(atPath: images),
                FileManager.default.fileExists(atPath: names)
            else { continue }
            if labels == nil, !isQuiet { Console.say("labels: \(names)") }
            return try LabelledFolder(path: images, labels: labels ?? names)
        }
        return try LabelledFolder(path: path, labels: labels)
    }

    /// Whether a folder holds files of a dataset and no folders of classes.
    private func isDataset(_ folder: String) -> Bool {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        // Folders of splits, each with its classes.
        let folders = names.filter { name in
            var isDirectory: ObjCBool = false
            return !name.hasPrefix(".")
                && FileManager.default.fileExists(atPath: "\(folder)/\(name)", isDirectory: &isDirectory)
                && isDirectory.boolValue
        }
        let splits = ["train", "valid", "test", "val", "dev", "validation"]
        if labels == nil, !folders.isEmpty, folders.allSatisfy(splits.contains),
            !FileManager.default.fileExists(atPath: "\(folder)/label_cn.txt")
        {
            return true
        }
        return names.contains { name in
            name.hasSuffix("_imgs.tsv") || name == "data.mdb" || name == "metadata.jsonl" || name == "metadata.csv"
                || [.tar, .parquet].contains(DatasetKind(path: name))
        }
    }
}

/// Images with their labels, and their embeddings.
struct ZeroShotSamples {
    /// All labels that compete.
    private(set) var labels: [String]
    /// The labels that images may have, each with its folder where it has one.
    let classes: [(label: String, folder: String?)]
    /// What each image is called.
    private(set) var images: [String] = []
    /// The label of each image: its place in ``classes``, and after ``arrange(by:from:)`` among the classifier's.
    private(set) var places: [Int] = []
    /// The embeddings one after the other.
    private(set) var values: [Float] = []
    /// The folder of a label, by its place.
    private(set) var folders: [Int: String] = [:]

    /// Reads and embeds folders of classes.
    init(
        _ folder: LabelledFolder, by model: any DualEncoder, _ options: ImageOptions, isQuiet: Bool, skips: inout Skips
    ) async throws {
        labels = folder.classes.map(\.label) + folder.otherLabels
        classes = folder.classes.map { ($0.label, $0.folder) }
        let progress = Progress("classifying", total: nil, isQuiet: isQuiet)
        defer { progress.end() }
        var (images, places, values, left) = ([String](), [Int](), [Float](), skips)
        var done = 0
        try await ImageRun(model, options, FetchOptions()).each(
            ImageInputs(folder.folders.map(ImageArgument.image)), afterBatch: { progress.update(done) },
            { name, result in
                done += 1
                guard let place = folder.index(ofImage: name) else {
                    return left.add(name, reason: "belongs to none of the classes")
                }
                switch result {
                case .failure(let error): left.add(name, error)
                case .success(let embedding):
                    images.append(name)
                    places.append(place)
                    values += embedding.values
                }
            })
        (self.images, self.places, self.values, skips) = (images, places, values, left)
    }

    /// Reads and embeds rows with a label each.
    ///
    /// - Parameter file: names labels that compete; all of the rows must be among them.
    init(
        _ part: DatasetPart, labels file: String?, by model: any DualEncoder, _ options: ImageOptions, isQuiet: Bool,
        skips: inout Skips
    ) async throws {
        var left = skips
        let (set, embeddings) = try await RetrievalFeatures.read(
            part, by: model, options, isQuiet: isQuiet, skip: { left.add($0) })
        let named = try file.map { try TextFile.labels(path: $0) }
        labels = named ?? set.texts
        let known = Dictionary(labels.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        classes = labels.map { ($0, nil) }
        var own = [Int?](repeating: nil, count: set.imageIDs.count)
        // Copies of an image in two classes have no right label.
        var doubtful: [Int: String] = [:]
        for (text, images) in set.imagesOfTexts.enumerated() {
            guard let place = known[set.texts[text]] else {
                throw Failure(
                    "\(file ?? part.path): has no label '\(set.texts[text])', which rows of \(part.path) have")
            }
            for image in images {
                guard let other = own[image], other != place else {
                    own[image] = place
                    continue
                }
                doubtful[image] = "has the labels '\(labels[other])' and '\(labels[place])'"
            }
        }
        for (image, place) in own.enumerated() {
            guard let place, doubtful[image] == nil else {
                left.add(
                    "\(part.path): \(set.imageIDs[image].text)", reason: doubtful[image] ?? "has no label")
                continue
            }
            images.append(set.imageIDs[image].text)
            places.append(place)
            values += embeddings[image].values
        }
        skips = left
    }

    /// Names labels by their places in a classifier.
    ///
    /// - Throws: ``Failure`` where it lacks one.
    mutating func arrange(by classifier: Classifier, from file: String?) throws {
        let known = Dictionary(
            classifier.labels.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        let indices = try classes.map { entry in
            guard let place = known[entry.label] else {
                throw Failure(
                    "\(file ?? ""): has no label '\(entry.label)' for the folder '\(entry.folder ?? "")'; name the classes with "
                        + "--labels as it does")
            }
            return place
        }
        for (place, entry) in zip(indices, classes) { if let folder = entry.folder { folders[place] = folder } }
        places = places.map { indices[$0] }
        labels = classifier.labels
    }
}
