internal import DiptychBasics
internal import DiptychDatasets
internal import Foundation
internal import GRDB

/// The functions that a catalog adds to SQL.
enum SQLFunctions {
    /// Their names.
    static let names = ["name", "stem", "extension", "folder", "hash", "similarity"]

    static func add(to db: Database, roots: CatalogRoots?) {
        for (name, part) in [("name", PathPart.name), ("stem", .stem), ("extension", .extension), ("folder", .folder)] {
            db.add(
                function: DatabaseFunction(name, argumentCount: 1, pure: true) { values in
                    guard let text = String.fromDatabaseValue(values[0]) else { return nil }
                    return part.of(text)
                })
        }
        db.add(
            function: DatabaseFunction("hash", argumentCount: 1, pure: true) { values in
                switch values[0].storage {
                case .null: nil
                case .int64(let value): Self.hash("i\(value)".utf8)
                case .double(let value): Self.hash("d\(value)".utf8)
                case .string(let text): Self.hash(text.utf8)
                case .blob(let data): Self.hash(data)
                }
            })
        db.add(
            function: DatabaseFunction("similarity", argumentCount: 2, pure: true) { values in
                if values[0].isNull || values[1].isNull { return nil }
                let (a, b) = (try vector(values[0], roots), try vector(values[1], roots))
                guard a.count == b.count else {
                    throw DatabaseError(message: "similarity() of vectors of \(a.count) and \(b.count) numbers")
                }
                return cosine(a, b)
            })
    }

    /// A number of 63 bits that is the same on every machine.
    private static func hash(_ bytes: some Collection<UInt8>) -> Int64 {
        Int64(truncatingIfNeeded: ContentHash(bytes).low >> 1)
    }

    private static func vector(_ value: DatabaseValue, _ roots: CatalogRoots?) throws -> [Float] {
        switch value.storage {
        case .blob(let data):
            if let floats = VectorBytes.floats(Array(data)) { return floats }
        case .string(let text):
            if let reference = roots?.vector(text) {
                do { return try reference.read() } catch { throw DatabaseError(message: "\(error)") }
            }
            if case .array(let values)? = try? JSONParser.parse(text.utf8) {
                let floats = values.compactMap { value -> Float? in
                    switch value {
                    case .double(let number): Float(number)
                    case .int(let number): Float(number)
                    default: nil
                    }
                }
                if floats.count == values.count { return floats }
            }
        default: break
        }
        throw DatabaseError(message: "similarity() takes two vectors: an embedding, or a list of numbers")
    }

    /// nil where one has no direction.
    static func cosine(_ a: [Float], _ b: [Float]) -> Double? {
        var (product, first, second) = (0.0, 0.0, 0.0)
        for (x, y) in zip(a, b) {
            product += Double(x) * Double(y)
            first += Double(x) * Double(x)
            second += Double(y) * Double(y)
        }
        guard first > 0, second > 0 else { return nil }
        return product / (first.squareRoot() * second.squareRoot())
    }
}

/// A part of a path or URL.
package enum PathPart {
    /// The last component.
    case name
    /// The same without its last ending.
    case stem
    /// The last ending without the dot, as it is written; empty where there is none.
    case `extension`
    /// All but the last component, without the slash at the end.
    case folder

    package func of(_ path: String) -> String {
        let bytes = Array(path.utf8)
        let end = Self.end(of: bytes)
        let slash = bytes[..<end].lastIndex(of: UInt8(ascii: "/"))
        let last = bytes[(slash.map { $0 + 1 } ?? 0)..<end]
        // A file called `.hidden` has no ending.
        let dot = last.lastIndex(of: UInt8(ascii: ".")).flatMap { $0 > last.startIndex ? $0 : nil }
        let part: ArraySlice<UInt8> =
            switch self {
            case .name: last
            case .stem: last[..<(dot ?? last.endIndex)]
            case .extension: dot.map { last[($0 + 1)...] } ?? []
            case .folder: bytes[..<(slash ?? 0)]
            }
        return String(decoding: part, as: UTF8.self)
    }

    /// Where the path ends: what follows a URL's is none of its name, and an image in an archive is called as the archive.
    private static func end(of path: [UInt8]) -> Int {
        guard let colon = path.firstIndex(of: UInt8(ascii: ":")), path[colon...].starts(with: Array("://".utf8)) else {
            return path.count
        }
        if path.starts(with: Array("root://".utf8)) {
            guard let mark = path.lastIndex(of: UInt8(ascii: "#")) else { return path.count }
            let rest = path[(mark + 1)...]
            let isPart =
                rest.contains(UInt8(ascii: "+")) && rest.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x2B }
            return isPart ? mark : path.count
        }
        return path[colon...].firstIndex { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") } ?? path.count
    }
}
