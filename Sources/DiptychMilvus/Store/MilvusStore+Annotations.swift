#if Milvus
    public import DiptychSearch
    internal import Foundation

    extension MilvusStore {
        /// What a record keeps of an annotation besides its value.
        struct Facts: Codable {
            var author: String
            var time: Double
            var how: String
            var probability: Double?
            var restores: Int?
            /// What else is known of it, as JSON.
            var details: String?
            /// Whether anything is said; a value that was taken back is nothing.
            var hasValue: Bool
            /// Tells apart what several machines say at once.
            var nonce: UInt64
        }

        /// Adds annotations; when this returns, the server has them safe. Each is the next revision of what was said about its part and
        /// task before, which stays. Of several that machines add at once none is lost: they become revisions one after the other.
        @discardableResult
        public func annotate(_ annotations: [Annotation]) async throws -> [StoredAnnotation] {
            guard !annotations.isEmpty else { return [] }
            try requireParts("annotations")
            let texts = try annotations.map { annotation in
                do throws(AttributeError) {
                    return (value: try annotation.encodedValue(), details: try annotation.encodedDetails())
                } catch {
                    throw StoreError(
                        .invalidRequest, path: name, "an annotation of part \(annotation.part): \(error.description)")
                }
            }
            return try await storing {
                let keys = Set(annotations.map(\.part)).filter { $0 > 0 && $0 < .max }
                let rows = try await rows(keys.sorted(), withEmbeddings: false)
                for annotation in annotations where rows[annotation.part] == nil {
                    throw StoreError(
                        .invalidRequest, path: name, "has no part \(annotation.part) that could be annotated")
                }
                var last = try await lastRevisions(annotations)
                let now = Date().timeIntervalSince1970
                var (made, stored): ([MilvusRecords.Record], [StoredAnnotation]) = ([], [])
                for (annotation, texts) in zip(annotations, texts) {
                    let subject = Subject(part: annotation.part, task: annotation.task)
                    let revision = (last[subject] ?? 0) + 1
                    last[subject] = revision
                    var annotation = annotation
                    annotation.time = annotation.time ?? now
                    let record = try record(annotation, texts.value, texts.details, revision, rows[annotation.part])
                    made.append(record)
                    stored.append(StoredAnnotation(id: record.id, revision: revision, annotation: annotation))
                }
                try await records.write(made)
                return stored
            }
        }

        private struct Subject: Hashable {
            let part: Int64
            let task: String
        }

        private func record(
            _ annotation: Annotation, _ value: String?, _ details: String?, _ revision: Int, _ row: ItemRow?
        ) throws -> MilvusRecords.Record {
            let facts = Facts(
                author: annotation.author, time: annotation.time ?? 0, how: annotation.origin.name,
                probability: annotation.origin.probability, restores: annotation.origin.restored, details: details,
                hasValue: value != nil, nonce: UInt64.random(in: 0...UInt64.max))
            let text = String(decoding: try JSONEncoder().encode(facts), as: UTF8.self)
            return MilvusRecords.Record(
                kind: "annotation", name: annotation.task, part: annotation.part, item: row?.item ?? 0,
                content: row?.content.hexadecimal ?? "", revision: Int64(revision), value: value ?? "", facts: text,
                key: "annotation\0\(annotation.part)\0\(annotation.task)\0\(revision)\0\(facts.nonce)")
        }

        /// The number of what was said about each part and task until now.
        private func lastRevisions(_ annotations: [Annotation]) async throws -> [Subject: Int] {
            var last: [Subject: Int] = [:]
            for (task, own) in Dictionary(grouping: annotations, by: \.task) {
                let parts = Set(own.map(\.part)).sorted()
                let rows = try await rows(parts, withEmbeddings: false)
                for start in stride(from: 0, to: parts.count, by: 4096) {
                    let list = parts[start..<min(parts.count, start + 4096)].map(String.init).joined(separator: ",")
                    for head in try await records.heads("\(try condition(task)) and part in [\(list)]")
                    where rows[head.part]?.content.hexadecimal == head.content {
                        last[Subject(part: head.part, task: task), default: 0] += 1
                    }
                }
            }
            return last
        }

        private func condition(_ task: String?) throws -> String {
            guard let task else { return #"kind == "annotation""# }
            guard let literal = MilvusCondition.literal(task) else {
                throw StoreError(.invalidRequest, path: name, "a task's name holds a control character")
            }
            return #"(kind == "annotation" and name == \#(literal))"#
        }

        /// Records as annotations, each part's and task's numbered in the order in which they were said.
        private func annotations(_ records: [MilvusRecords.Record]) throws -> [StoredAnnotation] {
            let decoder = JSONDecoder()
            var found: [Subject: [(record: MilvusRecords.Record, facts: Facts)]] = [:]
            for record in records {
                guard let facts = try? decoder.decode(Facts.self, from: Data(record.facts.utf8)) else {
                    throw StoreError(.damaged, path: name, "an annotation of part \(record.part) cannot be read")
                }
                found[Subject(part: record.part, task: record.name), default: []].append((record, facts))
            }
            return try found.flatMap { subject, entries in
                let sorted = entries.sorted {
                    ($0.record.revision, $0.facts.time, $0.facts.nonce) < (
                        $1.record.revision, $1.facts.time, $1.facts.nonce
                    )
                }
                return try sorted.enumerated().map { number, entry in
                    let value = entry.facts.hasValue ? Annotation.decodedValue(entry.record.value) : nil
                    guard (value != nil) == entry.facts.hasValue else {
                        throw StoreError(
                            .damaged, path: name, "the value of an annotation of part \(subject.part) is not JSON")
                    }
                    let origin = Annotation.Origin(
                        named: entry.facts.how, probability: entry.facts.probability, restored: entry.facts.restores)
                    return StoredAnnotation(
                        id: entry.record.row, revision: number + 1,
                        annotation: Annotation(
                            part: subject.part, task: subject.task, value: value, author: entry.facts.author,
                            origin: origin, time: entry.facts.time,
                            details: entry.facts.details.flatMap(Annotation.decodedValue)))
                }
            }
        }

        /// Takes back what was said last about a part and a task: what stood before is said once more, as a new revision.
        @discardableResult
        public func undoAnnotation(part: Int64, task: String, author: String) async throws -> StoredAnnotation? {
            let log = try await annotations(ofPart: part, task: task)
            guard let last = log.last else { return nil }
            // Taking back again goes further back, to before what was restored.
            var restored = last.revision - 1
            if case .undone(let revision) = last.annotation.origin { restored = revision - 1 }
            let value = log.last { $0.revision <= restored }?.annotation.value
            let annotation = Annotation(
                part: part, task: task, value: value, author: author, origin: .undone(to: max(0, restored)))
            return try await annotate([annotation]).first
        }

        /// All that was ever said about a part, in the order in which it was said.
        public func annotations(ofPart part: Int64, task: String?) async throws -> [StoredAnnotation] {
            guard hasParts, part > 0, part < .max else { return [] }
            return try await storing {
                let content = try await rows([part], withEmbeddings: false)[part]?.content.hexadecimal
                let all = try await records.read("\(try condition(task)) and part == \(part)")
                return try annotations(all.filter { content == nil || $0.content == content }).sorted {
                    ($0.annotation.time ?? 0, $0.revision, $0.id) < ($1.annotation.time ?? 0, $1.revision, $1.id)
                }
            }
        }

        /// All that was said for a task behind the annotation with a number, in the order in which it was said.
        ///
        /// Reads every annotation of the task.
        public func annotations(ofTask task: String, after id: Int64, limit: Int) async throws -> [StoredAnnotation] {
            guard hasParts, limit > 0 else { return [] }
            return try await storing {
                let all = try annotations(try await records.read(try condition(task))).sorted {
                    ($0.annotation.time ?? 0, $0.revision, $0.id) < ($1.annotation.time ?? 0, $1.revision, $1.id)
                }
                let start = id == 0 ? 0 : (all.firstIndex { $0.id == id }.map { $0 + 1 } ?? 0)
                return Array(all[start...].prefix(limit))
            }
        }

        /// What holds now for a task: the last revision of each part that has one, after a part, in the order of their numbers. Those
        /// whose value was taken back are left out, and those that were said of what the part no longer shows.
        ///
        /// Reads some bytes of every annotation of the task.
        public func currentAnnotations(
            task: String, after part: Int64, limit: Int
        ) async throws -> [StoredAnnotation] {
            guard hasParts, limit > 0 else { return [] }
            return try await storing {
                let heads = try await records.heads("\(try condition(task)) and part > \(part)")
                let parts = Set(heads.map(\.part)).sorted()
                var found: [StoredAnnotation] = []
                for start in stride(from: 0, to: parts.count, by: 256) where found.count < limit {
                    let step = Array(parts[start..<min(parts.count, start + 256)])
                    let rows = try await rows(step, withEmbeddings: false)
                    let list = step.map(String.init).joined(separator: ",")
                    let all = try await records.read("\(try condition(task)) and part in [\(list)]").filter { record in
                        rows[record.part].map { $0.content.hexadecimal == record.content } ?? true
                    }
                    let latest = Dictionary(grouping: try annotations(all), by: \.annotation.part)
                        .compactMap { $0.value.max { $0.revision < $1.revision } }
                    found += latest.filter { $0.annotation.value != nil }
                        .sorted { $0.annotation.part < $1.annotation.part }
                }
                return Array(found.prefix(limit))
            }
        }

        /// Removes what was said about items or parts, those among them whose rows were dropped before.
        func removeAnnotations(of keys: [Int64]) async throws {
            guard hasParts else { return }
            for start in stride(from: 0, to: keys.count, by: 4096) {
                let list = keys[start..<min(keys.count, start + 4096)].map(String.init).joined(separator: ",")
                try await records.remove(#"kind == "annotation" and (part in [\#(list)] or item in [\#(list)])"#)
            }
        }
    }
#endif
