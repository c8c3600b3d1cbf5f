internal import Crypto
internal import Diptych
internal import DiptychBasics
internal import Foundation

/// The pages, put together from their files once.
package struct Pages: Sendable {
    /// The bytes of files by their paths below `Pages`.
    let files: [String: [UInt8]]
    /// The HTML of each page, by its name.
    package let documents: [String: [UInt8]]
    /// What changes when any of them does.
    let tag: String

    /// The files that lie beside the program; nil where it was installed without them.
    package static let installed: [String: [UInt8]]? = {
        guard let folder = InstalledFiles.folder("Pages", of: "DiptychServer", holding: "shared/shell.html") else {
            return nil
        }
        var files: [String: [UInt8]] = [:]
        for case let path as String in FileManager.default.enumerator(atPath: folder) ?? .init() {
            if let data = FileManager.default.contents(atPath: folder + "/" + path) { files[path] = [UInt8](data) }
        }
        return files
    }()

    /// Puts the parts of each page into the shell. Without any files there are no pages.
    ///
    /// - Throws: ``ServerError`` naming what a page lacks.
    package init(_ files: [String: [UInt8]], _ pages: [Page] = Page.all) throws(ServerError) {
        self.files = files
        var documents: [String: [UInt8]] = [:]
        if !files.isEmpty {
            let shell = try Shell(files, pages)
            for page in pages { documents[page.name] = Array(try shell.document(of: page).utf8) }
        }
        self.documents = documents
        var hash = SHA256()
        for (name, bytes) in files.sorted(by: { $0.key < $1.key }) + documents.sorted(by: { $0.key < $1.key }) {
            hash.update(data: Data(name.utf8))
            hash.update(data: bytes)
        }
        tag = "\"" + hash.finalize().prefix(12).map { String($0, radix: 36) }.joined() + "\""
    }
}

/// What all pages have around their own content: head, bar, navigation, foot.
private struct Shell {
    private let files: [String: [UInt8]]
    private let pages: [Page]
    private let template: String
    /// The texts of each page by language.
    private let texts: [String: [String: JSONValue]]

    init(_ files: [String: [UInt8]], _ pages: [Page]) throws(ServerError) {
        self.files = files
        self.pages = pages
        template = try Self.text("shared/shell.html", files)
        var texts: [String: [String: JSONValue]] = [:]
        for page in pages {
            for file in ["page.js", "page.css"] { _ = try Self.text("\(page.name)/\(file)", files) }
            for language in Page.languages {
                let path = "\(page.name)/texts.\(language).json"
                let text = try Self.text(path, files)
                do { texts[page.name, default: [:]][language] = try JSONParser.parse(text.utf8) } catch {
                    throw ServerError("Pages/\(path), byte \(error.offset): \(error.reason)")
                }
            }
        }
        self.texts = texts
    }

    private static func text(_ path: String, _ files: [String: [UInt8]]) throws(ServerError) -> String {
        guard let bytes = files[path] else { throw ServerError("Pages/\(path): is missing") }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ServerError("Pages/\(path): is not UTF-8")
        }
        return text
    }

    /// The HTML of a page. Its links are relative, so that it may stand below any path.
    func document(of page: Page) throws(ServerError) -> String {
        let depth = page.path.split(separator: "/").count
        let root = depth > 1 ? String(repeating: "../", count: depth - 1) : "./"
        var parts = try parts(of: page)
        parts["links"] = try pages.map { other throws(ServerError) in try link(to: other, on: page, root) }
            .joined(separator: "\n      ")
        var document = ""
        for line in template.split(separator: "\n", omittingEmptySubsequences: false) {
            if let name = Self.partName(line) {
                let indent = line.prefix { $0 == " " }
                if let part = parts.removeValue(forKey: name) { document += indent + part + "\n" }
            } else {
                document += line + "\n"
            }
        }
        if let name = parts.keys.min() {
            throw ServerError("Pages/\(page.name)/page.html: shared/shell.html has no place for the part '\(name)'")
        }
        let title = try text("page.title", page, Page.languages[0])
        return document.replacing("{{page}}", with: page.name).replacing("{{root}}", with: root)
            .replacing("{{title}}", with: Self.escaped(title))
    }

    /// The parts of a page by their names: each begins with a line `<!-- part: name -->`.
    private func parts(of page: Page) throws(ServerError) -> [String: String] {
        let path = "\(page.name)/page.html"
        var parts: [String: String] = [:]
        var current: String?
        for line in try Self.text(path, files).split(separator: "\n", omittingEmptySubsequences: false) {
            if let name = Self.partName(line) {
                guard parts[name] == nil, name != "links" else {
                    throw ServerError("Pages/\(path): has '\(name)' twice")
                }
                current = name
                parts[name] = ""
            } else if let current {
                parts[current, default: ""] += (parts[current] == "" ? "" : "\n") + line
            } else if !line.allSatisfy(\.isWhitespace) {
                throw ServerError("Pages/\(path): must begin with a line <!-- part: name -->")
            }
        }
        return parts.mapValues { String($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    }

    private static func partName(_ line: Substring) -> String? {
        let text = line.trimmingCharacters(in: .whitespaces)
        guard text.hasPrefix("<!-- part: "), text.hasSuffix(" -->") else { return nil }
        return String(text.dropFirst(11).dropLast(4))
    }

    private func link(to other: Page, on page: Page, _ root: String) throws(ServerError) -> String {
        var words = "", names: [String] = []
        for language in Page.languages {
            let name = Self.escaped(try text("page.name", other, language))
            if language == Page.languages[0] { words = name }
            names.append(#"data-name-\#(language)="\#(name)""#)
        }
        let current = other.name == page.name ? #" aria-current="page""# : ""
        let scope = other.access.scope.map { #" data-scope="\#($0.rawValue)""# } ?? ""
        let href = other.path == "/" ? root : root + other.path.dropFirst()
        return #"<a href="\#(href)" \#(names.joined(separator: " "))\#(scope)\#(current)>\#(words)</a>"#
    }

    private func text(_ key: String, _ page: Page, _ language: String) throws(ServerError) -> String {
        guard let text = texts[page.name]?[language]?[key]?.string else {
            throw ServerError("Pages/\(page.name)/texts.\(language).json: has no text '\(key)'")
        }
        return text
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing("\"", with: "&quot;")
    }
}
