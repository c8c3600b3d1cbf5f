internal import DiptychDatasets

extension CheckRun {
    /// Checks the texts that stand apart from images.
    func checkTexts() {
        for part in sources.parts.indices where sources.places[part].form != .rows {
            guard let scan = try? PartScan(sources.parts[part]) else { continue }
            while let text = scan.nextText() {
                if Task.isCancelled { return }
                let split = Int(partSplits[part])
                var found: [Int] = []
                for id in text.imageIDs {
                    if let image = splits[split].known[ContentHash("id \(id)".utf8)] {
                        found.append(Int(image))
                    } else {
                        findings.add(.orphanImageID, "\(textPlace(part, text.number)): \(id)")
                    }
                }
                if !text.imageIDs.isEmpty { splits[split].pairs += 1 }
                add(text, part, images: found, isRow: false)
            }
        }
    }

    func add(_ text: ScannedText, _ part: Int, images owners: [Int], isRow: Bool) {
        let ordinal = Int32(textPlaces.count)
        textPlaces.append((Int32(part), Int32(clamping: text.number)))
        let split = Int(partSplits[part])
        for owner in owners { images[owner].hasText = true }
        if isRow { splits[split].pairs += 1 }
        if let failure = text.failure {
            let fault = ImageInspector.fault(of: failure)
            // A file that cannot be read on has no row.
            let kind: FindingKind = failure.place.isEmpty ? .unreadableFile : fault.kind
            findings.add(kind, names.text(failure))
            splits[split].texts += 1
            plan.leaveOut(text: ordinal, kind)
            return
        }
        if sources.places[part].areTextsLabels {
            splits[split].texts += 1
            for owner in owners { images[owner].hasSoundText = true }
            return
        }
        let facts = self.texts.facts(text.text, encoding: text.encoding)
        let first = earlier(text, facts, ordinal, part, split)
        if case .some(.same(let other)) = first {
            observer?.took(pairsOf: other, images: owners)
        } else {
            observer?.took(text: ordinal, text.text, split: split, images: owners)
        }
        guard case .some(.same) = first else {
            splits[split].texts += 1
            for fault in facts.faults {
                findings.add(fault.kind, "\(textPlace(part, text.number)): \(fault.detail)")
            }
            guard facts.repaired != nil else {
                plan.leaveOut(text: ordinal, facts.faults.last?.kind ?? .emptyText)
                return
            }
            for owner in owners { images[owner].hasSoundText = true }
            if case .some(.copy(let text)) = first { plan.merge(text: ordinal, into: text, images: owners) }
            return
        }
        for owner in owners where facts.repaired != nil { images[owner].hasSoundText = true }
        if case .some(.same(let text)) = first { plan.merge(text: ordinal, into: text, images: owners, isSame: true) }
    }

    private enum Earlier {
        /// The same text, of another image.
        case same(Int32)
        /// Another text with the same words.
        case copy(Int32)
    }

    /// Compares a text with those before it.
    private func earlier(
        _ text: ScannedText, _ facts: TextFacts, _ ordinal: Int32, _ part: Int, _ split: Int
    ) -> Earlier? {
        let here = { self.textPlace(part, text.number) }
        func place(_ other: Int32) -> String {
            let (part, number) = textPlaces[Int(other)]
            return textPlace(Int(part), Int(number))
        }
        if let id = text.id, let name = ChineseClipFiles.name(of: id) {
            if let number = Int64(name) { splits[split].lastTextID = max(splits[split].lastTextID, number) }
            let key = ContentHash(name.utf8)
            if let known = splits[split].textIDs[key] {
                // A row a pair: one text of several images.
                if sources.places[part].form != .chineseClip, known.content == facts.hash { return .same(known.text) }
                findings.add(.duplicateTextID, "\(here()): \(name) is the id of \(place(known.text)) already")
                plan.rename(text: ordinal, in: split)
                if known.content == facts.hash { return .copy(known.text) }
            } else {
                splits[split].textIDs[key] = (ordinal, facts.hash)
            }
        }
        guard let hash = facts.hash else { return nil }
        if let known = splits[split].contentsOfTexts[hash] {
            findings.add(.duplicateText, "\(here()): as \(place(known)): \(TextInspector.shown(text.text))")
            return .copy(known)
        }
        splits[split].contentsOfTexts[hash] = ordinal
        return nil
    }
}
