#if Milvus
    internal import Crypto
    internal import Foundation

    extension Layout {
        /// The fields of a store's collection: one row an item.
        package static func items(dimension: Int) -> Layout {
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

        /// Stands for a number that is not known.
        static let unknown = -1e300

        /// The key of the item at `path`: the first 63 bits of the path's SHA-256, but neither 0 nor the last, which Milvus loses.
        ///
        /// Two of 100 million paths share a key with a probability of 0.05 %.
        package static func key(of path: String) -> Int64 {
            let bits = SHA256.hash(data: Data(path.utf8)).prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) } >> 1
            return Int64(max(1, min(bits, UInt64(Int64.max) - 1)))
        }
    }
#endif
