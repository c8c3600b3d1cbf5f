#if Milvus
    package import DiptychSearch
    internal import Foundation

    /// What an item's dynamic field holds, so that the server can answer filters over attributes and captions.
    ///
    /// | key | value |
    /// | --- | --- |
    /// | `l` | the dotted names of the values |
    /// | `e` | those, and everything that they lie in |
    /// | `v` | a text for each name with a value, for equality |
    /// | `nl`, `nh`, `tl`, `th` | by name the least and the greatest number and text: some value is less than x where the least is |
    /// | `w` | the caption's words |
    /// | `x` | true where all this would be too large; the client decides then |
    package struct FilterIndex: Sendable {
        /// The JSON object.
        package let text: String

        /// The most bytes that a server takes here.
        private static let byteLimit = 65_000

        package init(caption: String?, attributes: [String: AttributeValue]) {
            var object: [String: Any] = [:]
            let leaves = attributes.flatMap { $0.value.leaves(named: $0.key) }
            if !leaves.isEmpty {
                var within: Set<String> = []
                var values: Set<String> = []
                var (numbers, texts): ([String: [Double]], [String: [String]]) = ([:], [:])
                for leaf in leaves {
                    within.insert(leaf.name)
                    for dot in leaf.name.indices where leaf.name[dot] == "." {
                        within.insert(String(leaf.name[..<dot]))
                    }
                    guard let value = FilterValue(leaf.value) else { continue }
                    values.insert(Self.entry(leaf.name, value))
                    guard Self.isPlain(leaf.name) else { continue }
                    if case .text(let text) = value {
                        texts[leaf.name, default: []].append(text)
                    } else {
                        numbers[leaf.name, default: []].append(value.asNumber)
                    }
                }
                object["l"] = Array(Set(leaves.map(\.name))).sorted()
                object["e"] = within.sorted()
                object["v"] = values.sorted()
                if !numbers.isEmpty {
                    object["nl"] = numbers.compactMapValues { $0.min() }
                    object["nh"] = numbers.compactMapValues { $0.max() }
                }
                if !texts.isEmpty {
                    let before: (String, String) -> Bool = { $0.utf8.lexicographicallyPrecedes($1.utf8) }
                    object["tl"] = texts.compactMapValues { $0.min(by: before) }
                    object["th"] = texts.compactMapValues { $0.max(by: before) }
                }
            }
            if let caption { object["w"] = Array(Set(CaptionWords.split(caption))).sorted() }
            let options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes]
            guard let data = try? JSONSerialization.data(withJSONObject: object, options: options),
                data.count <= Self.byteLimit
            else {
                text = #"{"x":true}"#
                return
            }
            text = String(decoding: data, as: UTF8.self)
        }

        /// A text that equal values of the same name share, and no others; whole numbers beyond 2⁵³ may.
        static func entry(_ name: String, _ value: FilterValue) -> String {
            let head = "\(name.utf8.count):\(name)"
            if case .text(let text) = value { return "\(head)=\(text)" }
            // −0 is 0.
            return "\(head)#\(value.asNumber + 0)"
        }

        /// Whether a name can be looked up by itself in the server's language.
        static func isPlain(_ name: String) -> Bool {
            !name.isEmpty && name.utf8.count <= 64
                && name.utf8.allSatisfy {
                    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20)
                        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "_")
                }
        }
    }
#endif
