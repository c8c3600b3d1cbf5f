internal import Crypto
internal import Foundation
internal import Synchronization

/// Who asks, and what they may do.
struct Identity: Sendable, Hashable {
    /// What rate limits and logs call them.
    let name: String
    let scopes: Set<Scope>
    /// The most requests a minute; nil for the server's own limit.
    var perMinute: Int?
}

/// What a key allows.
public enum Scope: String, Sendable, Hashable, CaseIterable {
    /// Embedding, comparing, searching, looking at items.
    case read
    /// Adding and removing items.
    case write
}

/// The keys that a server accepts, from a file that is read again when it changes.
///
/// A line is a name, scopes, the SHA-256 of the key in hexadecimal, and maybe the most requests a minute, with spaces between:
///
///     backend read,write 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 600
///
/// Empty lines and lines that begin with `#` are passed over. Keys are long and random, so one round of a fast hash keeps
/// them: there is nothing to guess.
public final class APIKeys: Sendable {
    private struct Entry: Sendable {
        let identity: Identity
        let digest: [UInt8]
    }

    private struct State {
        var entries: [Entry] = []
        var stamp: FileStamp?
        var looked = ContinuousClock.now
    }

    private let path: String
    private let state: Mutex<State>
    private let onTrouble: @Sendable (String) -> Void

    /// Reads the file.
    ///
    /// - Parameter onTrouble: told when the file has become unreadable or wrong; the keys from before stay.
    /// - Throws: ``ServerError`` naming the file and the line.
    public init(file path: String, onTrouble: @escaping @Sendable (String) -> Void = { _ in }) throws {
        self.path = path
        self.onTrouble = onTrouble
        state = Mutex(State(entries: try Self.entries(of: path), stamp: FileStamp(path)))
    }

    /// Makes a new key: the key itself, which is shown once, and the line for the file.
    public static func make(name: String, scopes: Set<Scope>, perMinute: Int? = nil) throws -> (
        key: String, line: String
    ) {
        guard isName(name) else {
            throw ServerError("a key's name is 1 to 64 letters, digits, '-', '_' and '.', not '\(name)'")
        }
        let bytes = SymmetricKey(size: .bits256).withUnsafeBytes { Data($0) }
        let key =
            "dk_"
            + bytes.base64EncodedString().replacingOccurrences(of: "+", with: "-")
            .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
        let scopes = Scope.allCases.filter(scopes.contains).map(\.rawValue).joined(separator: ",")
        let limit = perMinute.map { " \($0)" } ?? ""
        return (key, "\(name) \(scopes) \(hex(digest(of: key)))\(limit)")
    }

    /// Who has this key; nil where nobody has. Takes equally long for every key of a length.
    func identity(of key: String) -> Identity? {
        reloadIfChanged()
        let wanted = Self.digest(of: key)
        return state.withLock { state in
            var found: Identity?
            for entry in state.entries {
                // Every byte of every entry is looked at, wherever they differ.
                let difference = zip(entry.digest, wanted).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) }
                if difference == 0 { found = entry.identity }
            }
            return found
        }
    }

    private func reloadIfChanged() {
        let stamp: FileStamp? = state.withLock { state in
            guard .now - state.looked > .seconds(1) else { return nil }
            state.looked = .now
            let stamp = FileStamp(path)
            return stamp == state.stamp ? nil : stamp
        }
        guard let stamp else { return }
        do {
            let entries = try Self.entries(of: path)
            state.withLock { state in
                state.entries = entries
                state.stamp = stamp
            }
        } catch {
            state.withLock { $0.stamp = stamp }
            onTrouble("\(error); the keys from before stay")
        }
    }

    private static func entries(of path: String) throws -> [Entry] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ServerError("\(path): cannot be read; it must be a file of API keys")
        }
        guard let text = String(validating: data, as: UTF8.self) else { throw ServerError("\(path): is not UTF-8") }
        var entries: [Entry] = []
        // Editors of some systems put a byte order mark before the text.
        let lines = String(text.unicodeScalars.drop { $0 == "\u{FEFF}" })
            .split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (number, line) in lines.enumerated() {
            let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
            guard let first = words.first, !first.hasPrefix("#") else { continue }
            func wrong(_ reason: String) -> ServerError { ServerError("\(path), line \(number + 1): \(reason)") }
            guard (3...4).contains(words.count) else {
                throw wrong("a key is a name, scopes, the SHA-256 of the key, and maybe the most requests a minute")
            }
            guard isName(first) else {
                throw wrong("the name '\(first)' is not made of letters, digits, '-', '_' and '.'")
            }
            let scopes = words[1].split(separator: ",").map { Scope(rawValue: String($0)) }
            guard !scopes.isEmpty, !scopes.contains(nil) else {
                throw wrong("'\(words[1])' is not a list of scopes: read, write, or both with a comma between")
            }
            guard let digest = bytes(hex: words[2]), digest.count == 32 else {
                throw wrong("the third word is no SHA-256 in hexadecimal")
            }
            var perMinute: Int?
            if words.count == 4 {
                guard let limit = Int(words[3]), limit > 0 else {
                    throw wrong("'\(words[3])' is not a number of requests a minute")
                }
                perMinute = limit
            }
            entries.append(
                Entry(
                    identity: Identity(name: first, scopes: Set(scopes.compactMap { $0 }), perMinute: perMinute),
                    digest: digest))
        }
        guard !entries.isEmpty else { throw ServerError("\(path): holds no key") }
        return entries
    }

    private static func isName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                let character = Character(UnicodeScalar(byte))
                return byte < 0x80 && (character.isLetter || character.isNumber || "-_.".contains(character))
            }
    }

    private static func digest(of key: String) -> [UInt8] { Array(SHA256.hash(data: Data(key.utf8))) }

    private static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    private static func bytes(hex: String) -> [UInt8]? {
        let digits = hex.map(\.hexDigitValue)
        guard digits.count % 2 == 0, !digits.contains(nil) else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { UInt8((digits[$0] ?? 0) << 4 | (digits[$0 + 1] ?? 0)) }
    }
}

/// Why a server cannot start, in one line that says what to do.
public struct ServerError: Error, Equatable, CustomStringConvertible {
    /// What was wrong.
    public let description: String
    /// Describes a failure.
    public init(_ description: String) { self.description = description }
}
