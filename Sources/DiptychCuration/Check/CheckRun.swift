internal import Diptych
internal import DiptychBasics
internal import DiptychDatasets
internal import DiptychMedia

/// A check while it is made: what is known of each image and text, in some bytes each.
///
/// Sendable: its steps come one after the other, whichever thread they are on.
final class CheckRun: @unchecked Sendable {
    let options: CheckOptions
    let names: PlaceNames
    let sources: SourceParts
    var splits: [CheckedSplit] = []
    /// The split of each part.
    private(set) var partSplits: [Int32] = []
    var images: [CheckedImage] = []
    private(set) var ids = TextTable()
    private(set) var hashes: [ContentHash?] = []
    var findings: FindingList
    var labels = LabelLedger()
    var plan = RepairPlan()
    let inspector: ImageInspector
    let texts: TextInspector
    private var contents: [ContentHash: Int32] = [:]
    var textPlaces: [(part: Int32, number: Int32)] = []
    var signatures = Signatures()
    /// The images that have an embedding, and those.
    private(set) var embedded: [Int32] = []
    private(set) var embeddings: [Float] = []
    private var part = 0
    private var scan: PartScan?
    private let progress: @Sendable (Int) -> Void
    /// Learns of everything that is read.
    var observer: (any CheckObserver)?

    init(
        _ sources: SourceParts, options: CheckOptions, tokenizer: (any Tokenizer)?,
        progress: @escaping @Sendable (Int) -> Void
    ) {
        (self.options, self.sources, self.progress) = (options, sources, progress)
        names = sources.names
        inspector = ImageInspector(options: options.images)
        texts = TextInspector(length: TextLength(tokenizer: tokenizer))
        findings = FindingList(limit: max(0, options.exampleLimit))
        for error in sources.failures { add(fileFailure: error) }
        for fault in sources.missing { findings.add(.missingFile, names.text(fault)) }
        for error in sources.wrongCounts { findings.add(.lmdbCount, names.text(error)) }
        for part in sources.parts {
            let place = splits.firstIndex { $0.name == part.split } ?? splits.count
            if place == splits.count { splits.append(CheckedSplit(name: part.split)) }
            partSplits.append(Int32(place))
        }
    }

    private func add(fileFailure error: DatasetError) {
        let isEncoding = error.reason.contains("UTF-8")
        findings.add(isEncoding ? .wrongEncoding : .unreadableFile, names.text(error))
    }

    /// Where an image stands, for messages, with its id where the place does not say it.
    func place(_ image: Int) -> String {
        let known = images[image]
        let id = ids[image]
        let place = sources.places[Int(known.part)].place(
            ofImage: Int(known.number), id: id.isEmpty ? nil : id)
        let text = names.text(place)
        return id.isEmpty || place.place == "key \(id)" ? text : "\(text): \(id)"
    }

    func textPlace(_ part: Int, _ number: Int) -> String {
        names.text(sources.places[part].place(ofText: number))
    }

    // MARK: images

    /// The next image of all parts; nil behind the last one.
    func nextJob() -> ImageJob? {
        while part < sources.parts.count {
            if scan == nil {
                do throws(DatasetError) {
                    let opened = try PartScan(sources.parts[part])
                    for error in opened.failures { add(fileFailure: error) }
                    for error in opened.wrongCounts { findings.add(.lmdbCount, names.text(error)) }
                    scan = opened
                } catch {
                    add(fileFailure: error)
                    part += 1
                    continue
                }
            }
            if let image = scan?.nextImage() { return job(image) }
            scan = nil
            part += 1
        }
        return nil
    }

    private func job(_ image: ScannedImage) -> ImageJob {
        let split = Int(partSplits[part])
        let isRow = sources.places[part].form == .rows
        let reference = isRow ? Self.key(of: image.content) : nil
        let key = image.id.map { ContentHash("id \($0)".utf8) }
        if let reference, let first = splits[split].known[reference], image.id == nil || image.id == ids[Int(first)] {
            return ImageJob(part: part, scanned: image, work: .nothing(Int(first)))
        }
        if let key, let first = splits[split].known[key] {
            if isRow { return ImageJob(part: part, scanned: image, work: .content(Int(first))) }
            let index = append(image, split)
            findings.add(.duplicateImageID, "\(place(index)) is the id of \(place(Int(first))) already")
            images[index].fate = .leftOut(.duplicateImageID)
            return ImageJob(part: part, scanned: image, work: .repeated(index))
        }
        let index = append(image, split)
        if let key { splits[split].known[key] = Int32(index) }
        if let reference { splits[split].known[reference] = Int32(index) }
        return ImageJob(part: part, scanned: image, work: .everything(index))
    }

    private func append(_ image: ScannedImage, _ split: Int) -> Int {
        images.append(CheckedImage(part: Int32(part), split: Int32(split), number: Int32(clamping: image.number)))
        ids.append(image.id ?? "")
        hashes.append(nil)
        splits[split].images += 1
        return images.count - 1
    }

    /// What tells whether two rows have one image, without reading it.
    private static func key(of content: ScannedImage.Content) -> ContentHash? {
        switch content {
        case .reference(.file(let path)): ContentHash("file \(path)".utf8)
        case .reference(.url(let url)) where url.utf8.count < 4096: ContentHash("url \(url)".utf8)
        case .reference(.part(let part)): ContentHash("part \(part.offset) \(part.path)".utf8)
        default: nil
        }
    }

    /// Looks at an image, on any thread.
    static func facts(_ job: ImageJob, _ inspector: ImageInspector, headerOnly: Bool = false) -> ImageFacts {
        switch job.work {
        case .everything: headerOnly ? inspector.header(job.scanned) : inspector.facts(job.scanned)
        case .content: inspector.hashed(job.scanned)
        case .nothing, .repeated: ImageFacts()
        }
    }

    /// Takes what was found out about an image, in the order of jobs.
    func take(_ job: ImageJob, _ facts: ImageFacts, embedding: Embedding? = nil) {
        var owner: Int? = nil
        switch job.work {
        case .nothing(let image): owner = image
        case .repeated: owner = nil
        case .content(let image):
            let isSame = facts.hash == hashes[image] && facts.hash != nil
            if isSame {
                owner = image
            } else {
                let place = names.text(
                    sources.places[job.part].place(ofImage: job.scanned.number, id: job.scanned.id))
                let kind = facts.fault?.kind ?? .duplicateImageID
                let detail =
                    facts.fault?.detail ?? "\(ids[image]) is the id of another image already (\(self.place(image)))"
                findings.add(kind, "\(place): \(detail)")
            }
        case .everything(let image):
            owner = image
            take(image, facts, embedding)
        }
        if sources.places[job.part].form == .rows {
            plan.set(row: job.scanned.number, of: job.part, image: owner)
            for label in job.scanned.labels {
                guard let owner, let reason = labels.add(label, image: owner) else { continue }
                findings.add(.labelOutOfRange, "\(place(owner)): \(reason)")
                leaveOut(owner, .labelOutOfRange)
            }
            for text in job.scanned.texts { add(text, job.part, images: owner.map { [$0] } ?? [], isRow: true) }
        }
        progress(images.count)
    }

    private func take(_ image: Int, _ facts: ImageFacts, _ embedding: Embedding?) {
        hashes[image] = facts.hash
        observer?.took(image: image, facts, embedding)
        if let fault = facts.fault {
            findings.add(fault.kind, "\(place(image)): \(fault.detail)")
            if !fault.isMended {
                leaveOut(image, fault.kind)
                return
            }
        }
        guard let hash = facts.hash else { return }
        let split = Int(images[image].split)
        if let first = splits[split].contents[hash] {
            findings.add(.duplicateImage, "\(place(image)) is \(place(Int(first)))")
            merge(image, into: Int(first), .duplicateImage)
            return
        }
        splits[split].contents[hash] = Int32(image)
        if let other = contents[hash] {
            findings.add(.duplicateAcrossSplits, "\(place(image)) is \(place(Int(other)))")
            leaveOutOne(image, Int(other), .duplicateAcrossSplits)
            if images[image].fate == .kept { contents[hash] = Int32(image) }
            return
        }
        contents[hash] = Int32(image)
        // Who observes has kept them.
        guard options.nearDuplicates > 0, observer == nil else { return }
        if let embedding {
            embedded.append(Int32(image))
            embeddings += embedding.values
        } else {
            signatures.append(facts.signature, of: image)
        }
    }

    func leaveOut(_ image: Int, _ kind: FindingKind) {
        if images[image].fate == .kept { images[image].fate = .leftOut(kind) }
    }

    func merge(_ image: Int, into other: Int, _ kind: FindingKind) {
        guard images[image].fate == .kept, target(of: other) != image else { return }
        images[image].fate = .merged(into: other, kind)
    }

    /// Leaves out the one of two images whose split is less needed.
    func leaveOutOne(_ a: Int, _ b: Int, _ kind: FindingKind) {
        let isFirst = splits[Int(images[a].split)].rank < splits[Int(images[b].split)].rank
        leaveOut(isFirst ? a : b, kind)
    }

    /// The image that stands for one in a repaired copy; nil where none does.
    func target(of image: Int) -> Int? {
        var image = image
        // Each step leads to another image, and no image is merged into itself.
        for _ in 0...images.count {
            switch images[image].fate {
            case .kept: return image
            case .leftOut: return nil
            case .merged(let other, _): image = other
            }
        }
        return nil
    }
}

/// Learns of the images and texts of a check, in their order.
protocol CheckObserver: AnyObject {
    /// An image and what was found out about it.
    func took(image: Int, _ facts: ImageFacts, _ embedding: Embedding?)
    /// A text, and the images that it describes.
    func took(text: Int32, _ words: String, split: Int, images: [Int])
    /// Further images of a text.
    func took(pairsOf text: Int32, images: [Int])
}
