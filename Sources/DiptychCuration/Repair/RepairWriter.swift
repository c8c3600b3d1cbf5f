internal import Diptych
internal import DiptychBasics
internal import DiptychDatasets
internal import Foundation

/// Writes a dataset without the faults that a check found, by reading it a second time.
struct RepairWriter {
    private let run: CheckRun
    private let output: String
    private let texts: TextInspector
    private let log: ChangeLog
    private var summary = RepairSummary()
    private var writers: [Int: any PairWriter] = [:]
    private let conversion: DatasetConversion
    /// The next number for texts without an id, by split.
    private var nextIDs: [Int: Int64] = [:]
    private var image = 0
    private var text: Int32 = 0

    init(_ run: CheckRun, output: String) throws {
        (self.run, self.output) = (run, output)
        texts = run.texts
        let isLMDB = !run.sources.places.isEmpty && run.sources.places.allSatisfy { $0.form == .lmdb }
        conversion = DatasetConversion(to: isLMDB ? .lmdb : .chineseClip, output: output)
        try DatasetConversion.makeFolder(output)
        log = try ChangeLog(path: "\(output)/changes.jsonl")
        for (index, split) in run.splits.enumerated() {
            nextIDs[index] = split.lastTextID < Int64.max - 1 << 40 ? split.lastTextID + 1 : 0
        }
    }

    /// Writes everything.
    mutating func write() throws -> RepairSummary {
        if isFolder { try writeFolders() } else { try writePairs() }
        summary.files.append(try log.finish())
        (summary.leftOut, summary.changed) = (log.leftOut, log.changed)
        return summary
    }

    /// Whether there are no texts but names of classes, which folders are.
    private var isFolder: Bool {
        !run.sources.places.isEmpty
            && run.sources.places.allSatisfy { $0.form == .rows && (!$0.hasTexts || $0.areTextsLabels) }
    }

    // MARK: images alone

    private mutating func writeFolders() throws {
        let folders = DatasetConversion(to: .folder, output: output)
        for image in run.images.indices {
            guard let reason = run.reason(without: image) else { continue }
            try log.add(.leftOut, reason, run.place(image), what: "image")
        }
        for (part, source) in run.sources.parts.enumerated() {
            var kept: [Int] = []
            for (row, image) in (run.plan.rowImages[part] ?? []).enumerated() where image >= 0 {
                let known = run.images[Int(image)]
                let isFirst = Int(known.part) == part && Int(known.number) == row
                if isFirst, run.reason(without: Int(image)) == nil { kept.append(row) }
            }
            guard !kept.isEmpty else { continue }
            let split = run.splits[Int(run.partSplits[part])].name
            var failure: DatasetError?
            let written = try folders.write(source.selecting(kept), as: split ?? "train", skip: { failure = $0 })
            if let failure { throw failure }
            summary.images += written.images
            summary.files += written.files
        }
    }

    // MARK: pairs

    private mutating func writePairs() throws {
        for (part, source) in run.sources.parts.enumerated() {
            guard let scan = try? PartScan(source) else { continue }
            let split = Int(run.partSplits[part])
            while let scanned = scan.nextImage() {
                if run.sources.places[part].form == .rows {
                    try write(row: scanned, part, split)
                } else {
                    try write(scanned, image, split)
                    image += 1
                }
            }
        }
        for (part, source) in run.sources.parts.enumerated() where run.sources.places[part].form != .rows {
            guard let scan = try? PartScan(source) else { continue }
            let split = Int(run.partSplits[part])
            while let scanned = scan.nextText() {
                let images = scanned.imageIDs.compactMap { run.image($0, in: split) }
                try write(scanned, part, split, images: images)
            }
        }
        for split in writers.keys.sorted() { summary.files += try writers[split]?.finish() ?? [] }
    }

    private mutating func writer(_ split: Int) throws -> any PairWriter {
        if let writer = writers[split] { return writer }
        let writer = try conversion.pairWriter(run.splits[split].name ?? "train")
        writers[split] = writer
        return writer
    }

    private mutating func write(row: ScannedImage, _ part: Int, _ split: Int) throws {
        let rows = run.plan.rowImages[part] ?? []
        let owner = row.number < rows.count ? Int(rows[row.number]) : -1
        if owner >= 0 {
            let known = run.images[owner]
            if Int(known.part) == part, Int(known.number) == row.number { try write(row, owner, split) }
        } else {
            let place = run.names.text(run.sources.places[part].place(ofImage: row.number, id: row.id))
            try log.add(.leftOut, .malformedRow, place, what: "row")
        }
        for scanned in row.texts { try write(scanned, part, split, images: owner >= 0 ? [owner] : []) }
    }

    private mutating func write(_ scanned: ScannedImage, _ index: Int, _ split: Int) throws {
        let place = run.place(index)
        if let reason = run.reason(without: index) {
            if case .merged(let other, let kind) = run.images[index].fate {
                try log.add(.merged, kind, place, what: "image", [.init("into", .string(run.place(other)))])
            } else {
                try log.add(.leftOut, reason, place, what: "image")
            }
            return
        }
        let (bytes, fault) = run.inspector.bytes(of: scanned)
        guard let bytes else {
            throw CurationError("\(place): changed while it was read; run again")
        }
        if let fault { try log.add(.changed, fault.kind, place, what: "image") }
        var content = PairImage.Content.bytes(bytes)
        if case .base64(let text) = scanned.content, fault == nil { content = .base64(text) }
        let id = run.writtenID(of: index)
        if !run.ids[index].isEmpty, id != run.ids[index] {
            try log.add(.changed, .malformedRow, place, what: "image", [.init("id", .string(id))])
        }
        try writer(split).add(PairImage(id: id, content: content, path: place, place: ""))
        summary.images += 1
    }

    private mutating func write(_ scanned: ScannedText, _ part: Int, _ split: Int, images: [Int]) throws {
        let ordinal = text
        text += 1
        let place = run.names.text(run.sources.places[part].place(ofText: scanned.number))
        if let merged = run.plan.merged[ordinal] {
            if !merged.isSame {
                let (part, number) = run.textPlaces[Int(merged.into)]
                let other = run.names.text(run.sources.places[Int(part)].place(ofText: Int(number)))
                try log.add(.merged, .duplicateText, place, what: "text", [.init("into", .string(other))])
            }
            return
        }
        if let kind = run.plan.leftOut[ordinal] {
            return try log.add(.leftOut, kind, place, what: "text")
        }
        let areLabels = run.sources.places[part].areTextsLabels
        let facts = areLabels ? TextFacts() : texts.facts(scanned.text, encoding: scanned.encoding)
        let written = areLabels ? scanned.text : facts.repaired ?? ""
        guard !written.isEmpty else { return try log.add(.leftOut, .emptyText, place, what: "text") }
        let wanted = images + (run.plan.furtherImages[ordinal] ?? []).map(Int.init)
        var (kept, seen): ([String], Set<Int>) = ([], [])
        for image in wanted {
            guard let target = run.target(of: image), run.reason(without: target) == nil, seen.insert(target).inserted
            else { continue }
            kept.append(run.writtenID(of: target))
        }
        let named = scanned.imageIDs.isEmpty ? wanted.count : scanned.imageIDs.count
        guard !kept.isEmpty || named == 0 else {
            let reason = wanted.first.flatMap { run.reason(without: run.target(of: $0) ?? $0) }
            return try log.add(.leftOut, reason ?? .orphanImageID, place, what: "text")
        }
        if images.count < scanned.imageIDs.count {
            try log.add(.changed, .orphanImageID, place, what: "text")
        }
        if let kind = facts.faults.first?.kind {
            try log.add(
                .changed, kind, place, what: "text",
                [.init("before", .string(scanned.text)), .init("after", .string(written))])
        }
        var id = scanned.id
        if id == nil || run.plan.renamed[ordinal] != nil {
            let number = nextIDs[split] ?? 0
            nextIDs[split] = number + 1
            if let old = id {
                try log.add(
                    .changed, .duplicateTextID, place, what: "text",
                    [.init("text_id", old), .init("new_text_id", .int(number))])
            }
            id = .int(number)
        }
        try writer(split).add(
            PairText(id: id ?? .int(0), text: written, imageIDs: kept.map(ChineseClipFiles.id), path: place))
        summary.texts += 1
    }
}

extension CheckRun {
    /// The image that has an id in a split.
    func image(_ id: String, in split: Int) -> Int? {
        splits[split].known[ContentHash("id \(id)".utf8)].map(Int.init)
    }

    /// An image's id in a copy: its own where it can stand in a file of Chinese-CLIP, else by its content, as conversion names it.
    func writtenID(of image: Int) -> String {
        let id = ids[image]
        let isFit =
            (1...500).contains(id.utf8.count) && !id.utf8.contains { $0 < 0x20 || $0 == 0x7F } && id.first != " "
            && id.last != " " && id != "num_images"
        guard !isFit else { return id }
        return String((hashes[image]?.high ?? UInt64(image)) & (1 << 53 - 1))
    }
}
