#if Milvus
    internal import Foundation

    /// How Milvus finds near vectors.
    public enum MilvusIndex: Sendable, Equatable {
        /// The vectors in `lists` clusters, of which a search scans the `probes` nearest.
        case ivfFlat(lists: Int, probes: Int)
        /// A graph of `links` neighbours a node, built with a candidate list of `construction` and searched with one of `search`.
        case hnsw(links: Int, construction: Int, search: Int)
        /// None: every vector is compared.
        case flat

        /// What a collection gets unless asked otherwise: IVF_FLAT of 1,024 lists, 16 of them scanned.
        public static let standard = MilvusIndex.ivfFlat(lists: 1024, probes: 16)

        /// Its name in Milvus.
        public var name: String {
            switch self {
            case .ivfFlat: "IVF_FLAT"
            case .hnsw: "HNSW"
            case .flat: "FLAT"
            }
        }

        /// The parameters for building it, as a JSON object.
        var buildParameters: String {
            switch self {
            case .ivfFlat(let lists, _): #"{"nlist":\#(lists)}"#
            case .hnsw(let links, let construction, _): #"{"M":\#(links),"efConstruction":\#(construction)}"#
            case .flat: "{}"
            }
        }

        /// The parameters of a search for `limit` items, as a JSON object.
        ///
        /// - Parameter everywhere: whether everything is scanned. An IVF index filters inside the lists that it scans, so that a
        ///   filter which few items pass finds fewer than there are.
        func searchParameters(limit: Int, everywhere: Bool) -> String {
            switch self {
            case .ivfFlat(let lists, let probes): #"{"nprobe":\#(everywhere ? lists : min(probes, lists))}"#
            case .hnsw(_, _, let search): #"{"ef":\#(max(search, min(limit, 32768)))}"#
            case .flat: "{}"
            }
        }

        /// The index that a collection has, read from what the server says of it, with this one's search settings.
        func described(by parameters: [String: String]) -> MilvusIndex? {
            // Depending on the version, the parameters stand in one JSON object or by themselves.
            var values = parameters
            if let text = parameters["params"], let data = text.data(using: .utf8),
                let object = try? JSONSerialization.jsonObject(with: data) as? [String: Any]
            {
                for (key, value) in object { values[key] = "\(value)" }
            }
            switch parameters["index_type"] {
            case "IVF_FLAT":
                guard let lists = values["nlist"].flatMap({ Int($0) }), (1...65536).contains(lists) else { return nil }
                guard case .ivfFlat(_, let probes) = self else { return .ivfFlat(lists: lists, probes: min(16, lists)) }
                return .ivfFlat(lists: lists, probes: probes)
            case "HNSW":
                guard let links = values["M"].flatMap({ Int($0) }),
                    let built = values["efConstruction"].flatMap({ Int($0) })
                else { return nil }
                guard case .hnsw(_, _, let search) = self else {
                    return .hnsw(links: links, construction: built, search: 64)
                }
                return .hnsw(links: links, construction: built, search: search)
            case "FLAT": return .flat
            default: return nil
            }
        }
    }

    /// How an index measures. Embeddings have length 1, so all rank them in the same order.
    public enum MilvusMetric: String, Sendable, CaseIterable {
        /// The inner product.
        case innerProduct = "IP"
        /// The cosine.
        case cosine = "COSINE"
        /// The square of the Euclidean distance.
        case euclidean = "L2"

        /// The inner product of two vectors of length 1 that this measure says `score` of.
        func innerProduct(_ score: Float) -> Float { self == .euclidean ? 1 - score / 2 : score }
    }

    /// How fresh what a reader sees must be.
    public enum MilvusConsistency: String, Sendable, CaseIterable {
        /// Everything that anybody wrote before; a read waits about 0.2 seconds for it.
        case strong
        /// Everything that this process wrote; what others wrote, within about a second.
        case session
        /// What was written some seconds ago.
        case bounded
        /// Whatever is there.
        case eventually
    }
#endif
