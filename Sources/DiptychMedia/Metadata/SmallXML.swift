/// Reads XML within bounds: elements, attributes and text, with namespaces. Documents with a type declaration are refused, so
/// that no entity is ever expanded or fetched; memory and time are linear in the bytes.
struct SmallXML {
    /// A name in its namespace.
    struct Name: Hashable {
        let space: String
        let local: String
    }

    enum Event {
        case start(Name, attributes: [(name: Name, value: String)])
        case text(String)
        case end
    }

    /// The most elements within one another.
    static let depthLimit = 64
    private static let attributeLimit = 1000
    private static let xmlSpace = "http://www.w3.org/XML/1998/namespace"

    private let bytes: [UInt8]
    private var at = 0
    private var open: [(name: ArraySlice<UInt8>, spaces: [String: String])] = []
    private var pendingEnd = false

    init(_ bytes: [UInt8]) {
        // A byte order mark; UTF-16 is turned into UTF-8.
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            let low = bytes[0] == 0xFF ? 0 : 1
            let units = stride(from: 2, to: bytes.count - 1, by: 2).map {
                UInt16(bytes[$0 + low]) | UInt16(bytes[$0 + 1 - low]) << 8
            }
            self.bytes = Array(String(decoding: units, as: UTF16.self).utf8)
        } else {
            self.bytes = bytes
            if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { at = 3 }
        }
    }

    /// The next event; nil at the end, and from where the document is damaged or refused on.
    mutating func next() -> Event? {
        if pendingEnd {
            pendingEnd = false
            open.removeLast()
            return .end
        }
        while at < bytes.count {
            if bytes[at] != UInt8(ascii: "<") {
                let end = bytes[at...].firstIndex(of: UInt8(ascii: "<")) ?? bytes.count
                defer { at = end }
                guard !open.isEmpty else { continue }
                return .text(Self.unescaped(bytes[at..<end]))
            }
            if skips("<!--", to: "-->") || skips("<?", to: "?>") { continue }
            // One that does not end ends the document.
            guard at < bytes.count else { return nil }
            if bytes[at...].starts(with: "<![CDATA[".utf8) {
                let start = at + 9
                guard skips("<![CDATA[", to: "]]>") else { return stop() }
                guard !open.isEmpty, at - 3 >= start else { continue }
                return .text(String(decoding: bytes[start..<(at - 3)], as: UTF8.self))
            }
            if bytes[at...].starts(with: "<!".utf8) { return stop() }
            return bytes[at...].starts(with: "</".utf8) ? endTag() : startTag()
        }
        return nil
    }

    private mutating func stop() -> Event? {
        at = bytes.count
        return nil
    }

    /// Passes over what begins with `start`, if it does; false also where it does not end.
    private mutating func skips(_ start: String, to end: String) -> Bool {
        let (first, last) = (Array(start.utf8), Array(end.utf8))
        guard bytes[at...].starts(with: first) else { return false }
        var place = at + first.count
        while let found = bytes[place...].firstIndex(of: last[0]) {
            if bytes[found...].starts(with: last) {
                at = found + last.count
                return true
            }
            place = found + 1
        }
        at = bytes.count
        return false
    }

    private mutating func endTag() -> Event? {
        at += 2
        let name = word()
        space()
        guard at < bytes.count, bytes[at] == UInt8(ascii: ">"), open.last?.name == name else { return stop() }
        at += 1
        open.removeLast()
        return .end
    }

    private mutating func startTag() -> Event? {
        at += 1
        let name = word()
        guard !name.isEmpty, open.count < Self.depthLimit else { return stop() }
        var attributes: [(name: ArraySlice<UInt8>, value: String)] = []
        var spaces = open.last?.spaces ?? ["xml": Self.xmlSpace]
        while true {
            space()
            guard at < bytes.count else { return stop() }
            if bytes[at] == UInt8(ascii: ">") {
                at += 1
                break
            }
            if bytes[at...].starts(with: "/>".utf8) {
                at += 2
                pendingEnd = true
                break
            }
            let key = word()
            space()
            guard !key.isEmpty, attributes.count < Self.attributeLimit, at < bytes.count,
                bytes[at] == UInt8(ascii: "=")
            else { return stop() }
            at += 1
            space()
            guard at < bytes.count, bytes[at] == UInt8(ascii: "\"") || bytes[at] == UInt8(ascii: "'"),
                let end = bytes[(at + 1)...].firstIndex(of: bytes[at])
            else { return stop() }
            let value = Self.unescaped(bytes[(at + 1)..<end])
            at = end + 1
            let parts = key.split(separator: UInt8(ascii: ":"), maxSplits: 1)
            if key.elementsEqual("xmlns".utf8) {
                spaces[""] = value
            } else if parts.count == 2, parts[0].elementsEqual("xmlns".utf8) {
                guard spaces.count < Self.attributeLimit else { return stop() }
                spaces[String(decoding: parts[1], as: UTF8.self)] = value
            } else {
                attributes.append((key, value))
            }
        }
        open.append((name, spaces))
        return .start(
            Self.resolved(name, spaces, isAttribute: false),
            attributes: attributes.map { (Self.resolved($0.name, spaces, isAttribute: true), $0.value) })
    }

    private static func resolved(_ name: ArraySlice<UInt8>, _ spaces: [String: String], isAttribute: Bool) -> Name {
        let parts = name.split(separator: UInt8(ascii: ":"), maxSplits: 1).map { String(decoding: $0, as: UTF8.self) }
        guard parts.count == 2 else {
            return Name(space: isAttribute ? "" : spaces[""] ?? "", local: parts.first ?? "")
        }
        return Name(space: spaces[parts[0]] ?? "", local: parts[1])
    }

    private mutating func space() {
        while at < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[at]) { at += 1 }
    }

    private mutating func word() -> ArraySlice<UInt8> {
        let start = at
        while at < bytes.count, ![0x20, 0x09, 0x0A, 0x0D, 0x3E, 0x2F, 0x3D, 0x3C].contains(bytes[at]) { at += 1 }
        return bytes[start..<at]
    }

    private static let entities = ["lt": "<", "gt": ">", "amp": "&", "quot": "\"", "apos": "'"]

    /// Text with XML's five entities and numeric references in place; others stay as they are written.
    private static func unescaped(_ bytes: ArraySlice<UInt8>) -> String {
        guard bytes.contains(UInt8(ascii: "&")) else { return String(decoding: bytes, as: UTF8.self) }
        var text = ""
        var rest = bytes
        while let start = rest.firstIndex(of: UInt8(ascii: "&")) {
            text += String(decoding: rest[..<start], as: UTF8.self)
            // The longest reference is &#x10FFFF;.
            guard let end = rest[start...].prefix(12).firstIndex(of: UInt8(ascii: ";")) else {
                text += "&"
                rest = rest[(start + 1)...]
                continue
            }
            let name = String(decoding: rest[(start + 1)..<end], as: UTF8.self)
            let number =
                name.hasPrefix("#x")
                ? UInt32(name.dropFirst(2), radix: 16)
                : name.hasPrefix("#") ? UInt32(name.dropFirst()) : nil
            text += entities[name] ?? number.flatMap(Unicode.Scalar.init).map { String($0) } ?? "&\(name);"
            rest = rest[(end + 1)...]
        }
        return text + String(decoding: rest, as: UTF8.self)
    }
}
