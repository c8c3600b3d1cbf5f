import ArgumentParser
import Configuration
import DiptychBasics
import Foundation

/// The options of `diptych serve` that stand in a file or in the environment, as its command line would have them.
///
/// The file is a JSON object whose members are called as the options are, `{"port": 8080, "allow-origin": ["https://a.org"]}`;
/// a variable is called DIPTYCH_SERVE_ and the option's name, `DIPTYCH_SERVE_ALLOW_ORIGIN`, where commas part several values.
/// What the environment says counts before the file, and the command line before both.
enum ServeConfiguration {
    /// How an option's value is written.
    private enum Kind {
        case text, whole, number, flag, texts

        var type: ConfigType {
            switch self {
            case .text: .string
            case .whole: .int
            case .number: .double
            case .flag: .bool
            case .texts: .stringArray
            }
        }

        var name: String {
            switch self {
            case .text: "a text"
            case .whole: "a whole number"
            case .number: "a number"
            case .flag: "true or false"
            case .texts: "a list of texts"
            }
        }
    }

    private static let kinds: [String: Kind] = [
        "model": .text, "engine": .text, "precision": .text, "activation": .text, "heads": .text, "threads": .whole,
        "strict-length": .flag,
        "no-orientation": .flag, "decode": .text, "quiet": .flag, "allow-private-urls": .flag, "store": .text,
        "host": .text, "port": .whole, "api-key-file": .text, "also-model": .texts, "load-all": .flag,
        "unload-after": .number, "batch": .whole, "batch-texts": .whole, "batch-wait": .number, "queue": .whole,
        "cache": .whole, "request-timeout": .number, "max-body": .whole, "max-pixels": .whole, "rate-limit": .whole,
        "allow-origin": .texts, "certificate": .text, "certificate-key": .text, "undo-minutes": .number,
        "log-level": .text, "tolerant": .flag, "allow-host": .texts, "show-paths": .flag,
        "connections-per-address": .whole, "base-path": .text, "trusted-proxy": .texts,
    ]

    private static let prefix = "DIPTYCH_SERVE_"

    /// The arguments that come before those of the command line.
    ///
    /// - Throws: `ValidationError` for a file that cannot be read or is no JSON object, a member or variable that is no option's,
    ///   and a value of another type.
    static func arguments(file: String?, environment: [String: String]) throws -> [String] {
        let variables = Dictionary(uniqueKeysWithValues: kinds.keys.map { (variable(of: $0), $0) })
        for name in environment.keys.sorted() where name.hasPrefix(prefix) && variables[name] == nil {
            throw ValidationError(
                "\(name) is not an option of serve; its variables are \(prefix) and an option's name.")
        }
        let texts = EnvironmentVariablesProvider(environmentVariables: environment)
        let members = try file.map(Self.members(of:))
        var arguments: [String] = []
        for (name, kind) in kinds.sorted(by: { $0.key < $1.key }) {
            let variable = variable(of: name)
            let value: ConfigValue?
            // A variable without a text is none.
            if let text = environment[variable], !text.isEmpty {
                value = try? texts.value(forKey: ["diptych", "serve", name], type: kind.type).value
                guard value != nil else { throw ValidationError("\(variable) must be \(kind.name).") }
            } else if let members, members.names.contains(name) {
                value = try? members.snapshot.value(forKey: [name], type: kind.type).value
                guard value != nil else { throw ValidationError("\(members.file): '\(name)' must be \(kind.name).") }
            } else {
                value = nil
            }
            arguments += value.map { Self.arguments(name, $0.content) } ?? []
        }
        return arguments
    }

    /// The members of a file.
    private struct Members {
        let file: String
        let snapshot: JSONSnapshot
        let names: Set<String>
    }

    private static func variable(of name: String) -> String {
        prefix + name.uppercased().replacingOccurrences(of: "-", with: "_")
    }

    /// The members of a file, all of which are options.
    private static func members(of file: String) throws -> Members {
        let content: Data
        do { content = try Data(contentsOf: URL(fileURLWithPath: file)) } catch {
            throw ValidationError("\(file): cannot be read: \(error.localizedDescription)")
        }
        // A snapshot answers for the keys that it is asked, and would not say that it has others.
        guard case .object(let members)? = try? JSONParser.parse(content) else {
            throw ValidationError("\(file): is no JSON object, such as {\"port\": 8080}.")
        }
        let object = Dictionary(members.map { ($0.name, $0.value) }) { $1 }
        for key in object.keys.sorted() where kinds[key] == nil {
            throw ValidationError(
                "\(file): '\(key)' is not an option of serve that a file may hold; see `diptych serve --help`.")
        }
        do {
            let snapshot = try JSONSnapshot(data: content.bytes, providerName: file, parsingOptions: .default)
            // Of no texts, a snapshot cannot say that they are texts.
            let names = object.filter { kinds[$0] != .texts || $1 != .array([]) }.keys
            return Members(file: file, snapshot: snapshot, names: Set(names))
        } catch { throw ValidationError("\(file): \(error)") }
    }

    private static func arguments(_ name: String, _ content: ConfigContent) -> [String] {
        switch content {
        case .bool(let isSet): isSet ? ["--\(name)"] : []
        case .string(let text): ["--\(name)=\(text)"]
        case .int(let number): ["--\(name)=\(number)"]
        case .double(let number): ["--\(name)=\(number)"]
        case .stringArray(let texts): texts.map { "--\(name)=\($0)" }
        default: []
        }
    }
}
