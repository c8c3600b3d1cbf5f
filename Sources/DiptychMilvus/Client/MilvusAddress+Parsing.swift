#if Milvus
    internal import Foundation

    extension MilvusAddress {
        /// Reads an address.
        ///
        /// - Throws: ``MilvusError`` of kind `badAddress`; it does not repeat a password.
        public init(_ text: String) throws {
            // What stands before the last @ of the authority may be a secret.
            let shown = Self.withoutSecrets(text)
            func bad(_ reason: String) -> MilvusError { MilvusError(.badAddress, at: shown, reason) }
            let form = "the form is milvus://host[:19530]/database/collection"
            guard Self.isAddress(text), let parts = URLComponents(string: text), let host = parts.host, !host.isEmpty
            else {
                throw bad("no Milvus address; \(form)")
            }
            let names = parts.path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(String.init)
            guard (1...2).contains(names.count), let collection = names.last, !collection.isEmpty else {
                throw bad("names no collection; \(form)")
            }
            self.init(host: host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host, collection: collection)
            usesTLS = parts.scheme == "milvuss"
            if names.count == 2 { database = names[0] }
            for (kind, name) in [("database", database), ("collection", collection)] where !Self.isName(name) {
                throw bad("'\(name)' is no \(kind)'s name: letters, digits and _, a letter or _ first, at most 255")
            }
            if let number = parts.port {
                guard (1...65535).contains(number) else { throw bad("\(number) is not a port number") }
                port = number
            }
            if let user = parts.user, !user.isEmpty {
                credentials = MilvusCredentials(user: user, password: parts.password ?? "")
            }
            try readOptions(parts.queryItems ?? [], bad)
        }

        private mutating func readOptions(_ items: [URLQueryItem], _ bad: (String) -> MilvusError) throws {
            var values: [String: String] = [:]
            for item in items {
                guard values.updateValue(item.value ?? "", forKey: item.name) == nil else {
                    throw bad("the option \(item.name) stands twice")
                }
            }
            func number(_ name: String, _ range: ClosedRange<Int>, _ usual: Int) throws -> Int {
                guard let text = values.removeValue(forKey: name) else { return usual }
                guard let value = Int(text), range.contains(value) else {
                    throw bad("\(name) must be a number from \(range.lowerBound) to \(range.upperBound), not '\(text)'")
                }
                return value
            }
            switch values.removeValue(forKey: "index") ?? "ivf_flat" {
            case "ivf_flat":
                let lists = try number("nlist", 1...65536, 1024)
                index = .ivfFlat(lists: lists, probes: try number("nprobe", 1...65536, min(16, lists)))
            case "hnsw":
                index = .hnsw(
                    links: try number("m", 4...64, 16), construction: try number("ef_construction", 8...512, 200),
                    search: try number("ef", 1...32768, 64))
            case "flat": index = .flat
            case let other: throw bad("index must be ivf_flat, hnsw or flat, not '\(other)'")
            }
            if let text = values.removeValue(forKey: "metric") {
                guard let metric = MilvusMetric(rawValue: text.uppercased()) else {
                    throw bad("metric must be ip, cosine or l2, not '\(text)'")
                }
                self.metric = metric
            }
            shards = try number("shards", 1...16, 1)
            // Tried with 2.3.5: of rows that were written twice, a condition on a partition key finds a part only.
            guard values["partitions"] == nil else {
                throw bad("partitions= is not offered: servers lose sight of items that are written again; use shards=")
            }
            patience = .seconds(try number("timeout", 1...600, 5))
            if let text = values.removeValue(forKey: "consistency") {
                guard let level = MilvusConsistency(rawValue: text) else {
                    throw bad(
                        "consistency must be \(MilvusConsistency.allCases.map(\.rawValue).joined(separator: ", ")), not '\(text)'"
                    )
                }
                consistency = level
            }
            let named = ["id", "vector", "path"].map { values.removeValue(forKey: $0) }
            if named.contains(where: { $0 != nil }) {
                guard !named.contains("") else { throw bad("id=, vector= and path= name fields of the collection") }
                foreignFields = MilvusForeignFields(id: named[0], vector: named[1], path: named[2])
            }
            if let text = values.removeValue(forKey: "token") { credentials = MilvusCredentials(token: text) }
            if let text = values.removeValue(forKey: "ca") {
                guard usesTLS else { throw bad("ca= goes with TLS: milvuss://") }
                certificates = text
            }
            if let left = values.keys.min() {
                throw bad("does not take the option '\(left)' here; see the documentation of the Milvus store")
            }
        }

        private static func isName(_ text: String) -> Bool {
            let bytes = Array(text.utf8)
            func isLetter(_ byte: UInt8) -> Bool {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || byte == UInt8(ascii: "_")
            }
            guard let first = bytes.first, bytes.count <= 255, isLetter(first) else { return false }
            return bytes.allSatisfy { isLetter($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        }

        /// The text of an address for people: no user, password, token or other option.
        public static func withoutSecrets(_ text: String) -> String {
            let bare = text.prefix { $0 != "?" }
            guard let at = bare.lastIndex(of: "@"), let start = bare.range(of: "://")?.upperBound, start <= at else {
                return String(bare)
            }
            return "\(bare[..<start])\(bare[bare.index(after: at)...])"
        }
    }
#endif
