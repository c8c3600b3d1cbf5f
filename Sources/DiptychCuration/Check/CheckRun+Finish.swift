internal import Diptych

extension CheckRun {
    /// Compares all images with each other, and looks for what only the whole shows.
    func finish() async throws {
        let classes = options.classCount ?? sources.classCount
        for (image, reason) in labels.outOfRange(classes: classes) {
            findings.add(.labelOutOfRange, "\(place(image)): \(reason)")
            leaveOut(image, .labelOutOfRange)
        }
        for sentence in labels.imbalances(classes: classes) { findings.add(.classImbalance, sentence) }
        if options.nearDuplicates > 0 { try await findNearDuplicates() }
        findOrphans()
    }

    private func findNearDuplicates() async throws {
        guard !embedded.isEmpty else {
            // Pairs come by their second image.
            var (last, isInSplit, isAcross) = (-1, false, false)
            for (first, second) in signatures.pairs() {
                if second != last { (last, isInSplit, isAcross) = (second, false, false) }
                let isSame = images[first].split == images[second].split
                if isSame ? !isInSplit : !isAcross { addNear(second, first, "shows the same pixels as", "") }
                if isSame {
                    isInSplit = true
                    merge(second, into: first, .nearDuplicateImage)
                } else {
                    isAcross = true
                    leaveOutOne(second, first, .nearDuplicateAcrossSplits)
                }
            }
            return
        }
        let rows = Embeddings(values: embeddings, dimension: embeddings.count / embedded.count)
        let groups = try await NearDuplicates.groups(rows, threshold: options.nearDuplicates, threads: options.threads)
        // The first image of each group, by split.
        var firsts: [Int: [(split: Int32, row: Int)]] = [:]
        for (row, group) in groups.enumerated() {
            let image = Int(embedded[row])
            let (split, known) = (images[image].split, firsts[group] ?? [])
            if let other = known.first(where: { $0.split == split }) {
                addNear(rows, row, other.row)
                merge(image, into: Int(embedded[other.row]), .nearDuplicateImage)
            } else {
                if let other = known.first { addNear(rows, row, other.row) }
                for other in known { leaveOutOne(image, Int(embedded[other.row]), .nearDuplicateAcrossSplits) }
                firsts[group, default: []].append((split, row))
            }
        }
    }

    private func addNear(_ rows: Embeddings, _ row: Int, _ other: Int) {
        let cosine = (rows[row].similarity(to: rows[other]) * 1000).rounded() / 1000
        addNear(Int(embedded[row]), Int(embedded[other]), "is nearly", ", cosine \(cosine)")
    }

    private func addNear(_ image: Int, _ other: Int, _ relation: String, _ measure: String) {
        let isSame = images[image].split == images[other].split
        let kind: FindingKind = isSame ? .nearDuplicateImage : .nearDuplicateAcrossSplits
        findings.add(kind, "\(place(image)) \(relation) \(place(other))\(measure)")
    }

    private func findOrphans() {
        for image in images.indices where !images[image].hasText && splits[Int(images[image].split)].pairs > 0 {
            if case .leftOut = images[image].fate { continue }
            findings.add(.orphanImage, place(image))
        }
        // Texts of a merged image are the other's.
        for image in images.indices where images[image].hasSoundText {
            if let target = target(of: image) { images[target].hasSoundText = true }
        }
    }

    /// Why an image is not in a repaired copy; nil where it is.
    func reason(without image: Int) -> FindingKind? {
        switch images[image].fate {
        case .leftOut(let kind), .merged(_, let kind): return kind
        case .kept: break
        }
        let hasPairs = splits[Int(images[image].split)].pairs > 0
        return hasPairs && !images[image].hasSoundText ? .orphanImage : nil
    }

    /// What was found.
    var report: CheckReport {
        CheckReport(
            findings: findings.all,
            splits: splits.map { split in
                var counts = CheckReport.Split(name: split.name)
                (counts.images, counts.texts) = (split.images, split.texts)
                return counts
            })
    }
}
