internal import DiptychNetwork
internal import Foundation

/// A folder of a web server: its files, and those that its page has links to.
public final class WebSource: Source {
    /// The folder's URL, without a slash at the end.
    public let name: String
    private let client: SourceClient
    private let base: URL

    private static let longestPage = 32 << 20
    private static let deepest = 32

    /// Names a folder.
    ///
    /// - Throws: ``SourceError`` where it is not a URL of one.
    public init(_ url: String, options: SourceOptions) throws(SourceError) {
        let root = url.hasSuffix("/") ? String(url.dropLast()) : url
        guard let base = URL(string: root + "/"), base.host?.isEmpty == false,
            ["http", "https"].contains(base.scheme?.lowercased() ?? "")
        else { throw SourceError(.invalid, url: url, "is not a URL of a web server") }
        name = root
        self.base = base
        client = SourceClient(options)
    }

    // MARK: Source

    /// A part of the files below a prefix; see ``Source``.
    public func page(of prefix: String, isDeep: Bool, after next: String?) throws(SourceError) -> SourcePage {
        var walk = FolderWalk(next, from: prefix)
        guard let folder = walk.pop() else { return SourcePage() }
        let begin = prefix.split(separator: "/", omittingEmptySubsequences: false).last.map(String.init) ?? ""
        let about = url(folder)
        let (answer, bytes, place) = try ask(folder, isHead: false, limit: Self.longestPage)
        guard answer.head.isSuccess else { throw refusal(answer, about) }
        guard answer.head["content-type"]?.lowercased().hasPrefix("text/html") == true else {
            throw SourceError(
                .malformed, url: about, "is not a page with links to files; give the URL of a file, or of such a page")
        }
        var page = SourcePage()
        var folders: [String] = []
        for link in WebLinks(String(decoding: bytes, as: UTF8.self), at: place).names {
            guard next != nil || link.hasPrefix(begin) else { continue }
            if link.hasSuffix("/") {
                if folder.count(where: { $0 == "/" }) < Self.deepest { folders.append(folder + link) }
            } else {
                page.files.append(SourceFile(source: name, path: folder + link))
            }
        }
        if isDeep { page.next = try walk.pushing(folders, of: name) } else { page.folders = folders }
        return page
    }

    /// What is said of one file; see ``Source``.
    public func facts(of path: String) throws(SourceError) -> SourceFile { try look(path).file }

    /// What the server says of a file, and of how it gives it.
    func look(_ path: String) throws(SourceError) -> (file: SourceFile, givesParts: Bool, isPage: Bool, isFolder: Bool)
    {
        var (answer, _, place) = try ask(path, isHead: true)
        if [403, 405, 501].contains(answer.head.status) {
            // Some servers answer GET only; one byte of it says the same.
            (answer, _, place) = try ask(path, isHead: false, range: 0..<1, limit: .max)
        }
        guard answer.head.isSuccess else { throw refusal(answer, url(path)) }
        let total = answer.head["content-range"]?.split(separator: "/").last.flatMap { Int($0) }
        let file = SourceFile(
            source: name, path: path, size: total ?? answer.head["content-length"].flatMap { Int($0) },
            etag: answer.head["etag"].map(BucketSource.plainTag),
            lastModified: answer.head["last-modified"].flatMap(HTTPDate.date))
        let givesParts = total != nil || answer.head["accept-ranges"]?.lowercased() == "bytes"
        let isPage = answer.head["content-type"]?.lowercased().hasPrefix("text/html") == true
        // Foundation's path has no slash at its end.
        let isFolder = place.absoluteString.prefix { $0 != "?" && $0 != "#" }.hasSuffix("/")
        return (file, givesParts && answer.head["content-encoding"] == nil, isPage, isPage && isFolder)
    }

    /// The bytes of a file, or of a range of it; see ``Source``.
    public func read(_ path: String, _ range: Range<Int>?, limit: Int) throws(SourceError) -> [UInt8] {
        if let range, range.isEmpty { return [] }
        if let range, range.count > limit {
            throw SourceError(.tooLarge, url: url(path), "\(range.count) bytes are more than \(limit)")
        }
        let (answer, bytes, _) = try ask(path, isHead: false, range: range, limit: limit)
        if answer.head.status == 416 { return [] }
        guard answer.head.isSuccess else { throw refusal(answer, url(path)) }
        guard let range, answer.head.status != 206 else { return bytes }
        return Array(bytes.dropFirst(range.lowerBound).prefix(range.count))
    }

    /// Hands all bytes of a file on as they come.
    func stream(_ path: String, _ sink: SourceClient.Sink) throws(SourceError) {
        let (answer, _) = try ask(path, isHead: false, sink)
        guard answer.head.isSuccess else { throw refusal(answer, url(path)) }
    }

    // MARK: Requests

    private func url(_ path: String) -> String { "\(name)/\(path)" }

    private func ask(
        _ path: String, isHead: Bool, range: Range<Int>? = nil, limit: Int = .max
    ) throws(SourceError) -> (SourceClient.Answer, [UInt8], URL) {
        var bytes: [UInt8] = []
        let sink = SourceClient.Sink(
            write: {
                bytes.append(contentsOf: $0)
                return true
            },
            reset: {
                bytes = []
                return true
            })
        let (answer, place) = try ask(path, isHead: isHead, range: range, limit: limit, sink)
        return (answer, bytes, place)
    }

    /// Asks for a path, and where the server redirects, for what it redirects to.
    private func ask(
        _ path: String, isHead: Bool, range: Range<Int>? = nil, limit: Int = .max, _ sink: SourceClient.Sink
    ) throws(SourceError) -> (SourceClient.Answer, URL) {
        let about = url(path)
        guard var place = URL(string: about) else {
            throw SourceError(.invalid, url: about, "is not a URL; encode what stands for itself in one")
        }
        for _ in 0..<6 {
            var question = SourceClient.Question(url: place.absoluteString, about: about)
            (question.isHead, question.range, question.limit) = (isHead, range, limit)
            question.isElsewhere = place.host != base.host
            let answer = try client.ask(question, sink)
            guard (300..<400).contains(answer.head.status), let redirect = answer.head.redirect else {
                return (answer, place)
            }
            guard let next = URL(string: redirect), ["http", "https"].contains(next.scheme?.lowercased() ?? "") else {
                throw SourceError(.invalid, url: about, "it leads to a scheme other than http and https")
            }
            place = next
        }
        throw SourceError(.unavailable, url: about, "it redirects more than 5 times")
    }

    private func refusal(_ answer: SourceClient.Answer, _ about: String) -> SourceError {
        let status = answer.head.status
        let (kind, reason): (SourceError.Kind, String) =
            switch status {
            case 404, 410: (.missing, "there is no such file")
            case 401, 403: (.forbidden, "the server answers \(status): this client may not read it")
            default: (.unavailable, "the server answers \(status)")
            }
        return SourceError(kind, url: about, status: status, reason)
    }
}

/// The links of a page to what lies in its folder, as web servers write lists of files.
struct WebLinks {
    /// The files' names as they stand in URLs, and those of folders with a slash; each once, in the page's order.
    private(set) var names: [String] = []
    private static let most = 1_000_000

    /// - Parameter base: where the page is.
    init(_ page: String, at base: URL) {
        var seen: Set<String> = []
        let root = Self.folder(base)
        var rest = page[...]
        while names.count < Self.most, let start = rest.range(of: "href", options: .caseInsensitive) {
            rest = rest[start.upperBound...].drop(while: \.isWhitespace)
            guard rest.first == "=" else { continue }
            rest = rest.dropFirst().drop(while: \.isWhitespace)
            let link: Substring
            if let quote = rest.first, quote == "\"" || quote == "'" {
                rest = rest.dropFirst()
                link = rest.prefix { $0 != quote }
            } else {
                link = rest.prefix { !$0.isWhitespace && $0 != ">" }
            }
            rest = rest[link.endIndex...]
            guard let name = Self.name(String(link).replacing("&amp;", with: "&"), base, root),
                seen.insert(name).inserted
            else { continue }
            names.append(name)
        }
    }

    /// The URL up to its last slash.
    private static func folder(_ url: URL) -> String {
        let text = url.absoluteString.prefix { $0 != "?" && $0 != "#" }
        return String(text[...(text.lastIndex(of: "/") ?? text.startIndex)])
    }

    /// The name in the folder that a link leads to; nil for anything else.
    private static func name(_ link: String, _ base: URL, _ root: String) -> String? {
        guard let first = link.first, first != "?", first != "#", !link.contains("?"),
            let full = URL(string: String(link.prefix { $0 != "#" }), relativeTo: base)?.absoluteURL.absoluteString,
            full.hasPrefix(root)
        else { return nil }
        let name = full.dropFirst(root.count)
        let isName = !name.isEmpty && !name.hasPrefix(".") && !name.hasPrefix("%2E") && !name.dropLast().contains("/")
        return isName && name != "/" ? String(name) : nil
    }
}
