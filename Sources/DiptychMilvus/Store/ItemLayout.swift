#if Milvus
    internal import Crypto
    internal import DiptychSearch
    internal import Foundation

    extension Layout {
        /// The fields of a store's collection: one row an item, and one each of its boxes and spans, which repeats what is known of the
        /// item, so that the server filters both alike.
        package static func items(dimension: Int) -> Layout {
            Layout(
                fields: firstItems(dimension: dimension).fields + [
                    Field("kind", .text(16)),
                    // The key of the item that the row is a part of; its own for a whole.
                    Field("item", .int64),
                    // 0 for a whole, 1 for a box, 2 for a span, and its numbers.
                    Field("part", .int64),
                    Field("extent", .text(256)),
                    // Whether the vector is an embedding: zeros stand where there is none yet.
                    Field("embedded", .bool),
                ])
        }

        /// The fields of collections made before there were parts, texts and several models: images only, one row each.
        package static func firstItems(dimension: Int) -> Layout {
            Layout(fields: [
                // See `key(of:)`.
                Field("id", .int64, isKey: true),
                // Of length 1, so that the inner product is the cosine.
                Field("embedding", .vector(dimension)),
                Field("path", .text(16384)),
                // The path's directory.
                Field("folder", .text(16384)),
                Field("name", .text(16384)),
                // SHA-256 of the image's bytes, in hexadecimal.
                Field("content", .text(64)),
                Field("bytes", .int64),
                // Seconds since 1970, for filters, and nanoseconds, for noticing changes.
                Field("modified", .double),
                Field("modified_ns", .int64),
                Field("settled", .bool),
                Field("width", .int64),
                Field("height", .int64),
                Field("added", .double),
                // Empty where nothing is known, as this server has no NULL; numbers are `unknown` then.
                Field("type", .text(64)),
                Field("taken", .double),
                Field("camera", .text(4096)),
                Field("latitude", .double),
                Field("longitude", .double),
                Field("caption", .text(WireLimits.text)),
                Field("captioned", .bool),
                Field("missing", .bool),
                // What else was said about the item, as a JSON object.
                Field("attributes", .text(WireLimits.text)),
                // What filters ask about attributes and captions, see `FilterIndex`.
                Field(dynamicName, .dynamic),
            ])
        }

        /// The fields of a further space, in a collection beside the store's: embeddings by the keys of its rows. One whose content is
        /// not its row's any longer counts as none.
        package static func vectors(dimension: Int) -> Layout {
            Layout(fields: [
                Field("id", .int64, isKey: true), Field("embedding", .vector(dimension)), Field("item", .int64),
                Field("part", .int64), Field("content", .text(64)),
            ])
        }

        /// The fields of the collection beside a store's that keeps notes and annotations, in pieces of what a text may hold.
        package static let records = Layout(fields: [
            Field("id", .int64, isKey: true),
            // A collection has to have a vector.
            Field("unused", .vector(2)),
            // `note` or `annotation`.
            Field("kind", .text(16)),
            // The note's key, or the annotation's task.
            Field("name", .text(1024)),
            Field("part", .int64),
            // The item of the part.
            Field("item", .int64),
            // What the part showed when this was said of it.
            Field("content", .text(64)),
            // The annotation's revision, or which writing of the note it is.
            Field("revision", .int64),
            Field("piece", .int64), Field("pieces", .int64),
            Field("value", .text(WireLimits.text)),
            // The rest of an annotation, as a JSON object.
            Field("facts", .text(4096)),
        ])

        /// Whether its rows tell wholes from parts.
        var hasParts: Bool { fields.contains { $0.name == "part" } }

        /// Stands for a number that is not known.
        static let unknown = -1e300

        /// The key of the item at `path`: the first 63 bits of the path's SHA-256, but neither 0 nor the last, which Milvus loses.
        ///
        /// Two of 100 million paths share a key with a probability of 0.05 %.
        package static func key(of path: String) -> Int64 {
            let bits = SHA256.hash(data: Data(path.utf8)).prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) } >> 1
            return Int64(max(1, min(bits, UInt64(Int64.max) - 1)))
        }

        /// The key of a part of the item at `path`; that of a whole is the item's.
        static func key(of path: String, _ part: AssetPart) -> Int64 {
            part == .whole ? key(of: path) : key(of: "\(path)\0\(part.number) \(part.extent)")
        }
    }

    extension AssetPart {
        /// As a row names its kind.
        var number: Int64 {
            switch self {
            case .whole: 0
            case .box: 1
            case .span: 2
            case .moment: 3
            }
        }

        /// Its numbers, each in the shortest form that is read as the same.
        var extent: String {
            switch self {
            case .whole: ""
            case .box(let x, let y, let width, let height): "\(x) \(y) \(width) \(height)"
            case .span(let start, let end): "\(start) \(end)"
            case .moment(let start, let end, let best, let isFrame): "\(start) \(end) \(best) \(isFrame ? 1 : 0)"
            }
        }

        /// Reads a row's part; nil where its numbers make none.
        init?(number: Int64, extent: String) {
            let numbers = extent.split(separator: " ").compactMap { Double($0) }.filter(\.isFinite)
            switch (number, numbers.count) {
            case (0, 0): self = .whole
            case (1, 4): self = .box(x: numbers[0], y: numbers[1], width: numbers[2], height: numbers[3])
            case (2, 2): self = .span(start: numbers[0], end: numbers[1])
            case (3, 4):
                self = .moment(start: numbers[0], end: numbers[1], best: numbers[2], isFrame: numbers[3] > 0)
            default: return nil
            }
        }
    }
#endif
