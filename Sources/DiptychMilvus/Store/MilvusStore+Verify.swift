#if Milvus
    internal import DiptychSearch
    internal import Foundation

    extension MilvusStore {
        /// The problems that are said.
        private static let mostProblems = 20

        /// Checks every item, every embedding of every space, and every annotation and note, by reading them.
        public func verify() async throws -> [String] {
            try await storing {
                var problems = try await itemProblems()
                for space in try await spaces() where problems.count < Self.mostProblems {
                    if let vectors = space.vectors { problems += try await vectors.problems(limit: Self.mostProblems) }
                }
                if hasParts, problems.count < Self.mostProblems { problems += try await recordProblems() }
                return Array(problems.prefix(Self.mostProblems))
            }
        }

        private func itemProblems() async throws -> [String] {
            var problems: [String] = []
            var number = 0
            try await collection.walk(
                MilvusCondition.everything, fields: fields(withEmbeddings: true) + ["id"], page: min(256, pageLimit)
            ) { table, keys in
                number += keys.count
                for (key, row) in zip(keys, try ItemRows.read(table, self.layout, embeddings: true)) {
                    problems += Self.problems(row, key)
                }
                return problems.count < Self.mostProblems
            }
            if problems.isEmpty {
                let count = try await collection.count(MilvusCondition.everything)
                if count != number {
                    problems.append(
                        "\(number) rows could be read, and the server counts \(count); are others writing now?")
                }
            }
            return problems
        }

        private static func problems(_ row: ItemRow, _ key: Int64) -> [String] {
            var problems: [String] = []
            if row.key != key { problems.append("item \(key): its path \(row.path) belongs to another id") }
            if row.isEmbedded, !isUnit(row.embedding[...]) {
                problems.append("item \(key) (\(row.path)): its embedding is not of length 1; index it again")
            }
            if row.content == ContentHash(of: Data()), row.bytes > 0 {
                problems.append("item \(key) (\(row.path)): its content's hash is damaged; index it again")
            }
            return problems
        }

        /// Whether an embedding is of length 1.
        static func isUnit(_ embedding: ArraySlice<Float>) -> Bool {
            let square = embedding.reduce(0.0) { $0 + Double($1) * Double($1) }
            return abs(square.squareRoot() - 1) < 1e-3
        }

        /// What is wrong with annotations and notes, and annotations of parts that are not there.
        private func recordProblems() async throws -> [String] {
            var (problems, parts): ([String], Set<Int64>) = ([], [])
            for fault in try await records.faults() {
                problems.append("\(fault.name): \(fault.reason)")
                guard problems.count < Self.mostProblems else { return problems }
            }
            for head in try await records.heads(#"kind == "annotation""#) { parts.insert(head.part) }
            let keys = parts.sorted()
            for start in stride(from: 0, to: keys.count, by: 4096) {
                let step = Array(keys[start..<min(keys.count, start + 4096)])
                let rows = try await rows(step, withEmbeddings: false)
                for part in step where rows[part] == nil {
                    problems.append("part \(part): has annotations and is not there")
                    guard problems.count < Self.mostProblems else { return problems }
                }
            }
            return problems
        }
    }

    extension MilvusSpace {
        /// What is wrong with the space's embeddings.
        func problems(limit: Int) async throws -> [String] {
            var problems: [String] = []
            let dimension = space.identity.dimension
            try await collection.walk(MilvusCondition.everything, fields: ["embedding"], page: 256) { table, keys in
                let vectors = try table.vectors("embedding", dimension: dimension)
                for (index, key) in keys.enumerated()
                where !MilvusStore.isUnit(vectors[index * dimension..<(index + 1) * dimension]) {
                    problems.append(
                        "part \(key): its embedding in the space '\(space.name)' is not of length 1; drop the space and fill "
                            + "it again")
                }
                return problems.count < limit
            }
            return problems
        }
    }

    extension MilvusRecords {
        /// What is wrong with the records: pieces that are missing, facts and values of annotations that are not JSON.
        func faults() async throws -> [(name: String, reason: String)] {
            var faults: [(name: String, reason: String)] = []
            var pieces: [String: (name: String, found: Int64, count: Int64)] = [:]
            try await rows { row in
                let name = row.kind == "annotation" ? "annotation of part \(row.part)" : "note \(row.name)"
                pieces[row.own, default: (name, 0, row.count)].found += 1
                guard row.kind == "annotation", row.piece == 0 else { return true }
                let facts = try? JSONDecoder().decode(MilvusStore.Facts.self, from: Data(row.facts.utf8))
                if facts == nil {
                    faults.append((name, "who said it and when cannot be read"))
                } else if row.count == 1, facts?.hasValue == true, Annotation.decodedValue(row.value) == nil {
                    faults.append((name, "its value is not JSON"))
                }
                return faults.count < 20
            }
            guard faults.count < 20 else { return faults }
            for piece in pieces.values.sorted(by: { $0.name < $1.name }) where piece.found != piece.count {
                faults.append((piece.name, "\(piece.found) of its \(piece.count) pieces are there"))
            }
            return faults
        }
    }
#endif
