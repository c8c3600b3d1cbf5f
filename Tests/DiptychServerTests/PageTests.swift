import DiptychServer
import Foundation
import Testing

/// The files of the pages: each has what the shell wants, in every language, and nothing leads nowhere.
@Suite struct PageTests {
    /// The texts of a folder by language and key.
    private static func texts(_ folder: String, _ server: RunningServer) async throws -> [String: [String: Any]] {
        var texts: [String: [String: Any]] = [:]
        for language in Page.languages {
            texts[language] = try await server.get("/assets/\(folder)/texts.\(language).json").json
        }
        return texts
    }

    @Test func allLanguagesHaveTheSameTexts() async throws {
        try await RunningServer.run { server in
            for folder in ["shared"] + Page.all.map(\.name) {
                let texts = try await Self.texts(folder, server)
                let keys = Set(try #require(texts[Page.languages[0]]).keys)
                for language in Page.languages {
                    let own = try #require(texts[language])
                    #expect(Set(own.keys) == keys, "\(folder), \(language)")
                    for (key, text) in own {
                        let forms = (text as? [String: String]).map { Array($0.values) } ?? [text as? String ?? ""]
                        #expect(forms.allSatisfy { !$0.isEmpty }, "\(folder), \(language): \(key)")
                    }
                }
            }
        }
    }

    /// All that pages, scripts and styles name is there, and has its headers.
    @Test func nothingLeadsNowhere() async throws {
        try await RunningServer.run { server in
            let shared = try await Self.texts("shared", server)
            for page in Page.all {
                let own = try await Self.texts(page.name, server)
                let texts = try #require(shared["en"]).merging(try #require(own["en"])) { $1 }
                let document = try await server.get(page.path)
                #expect(document.status == 200 && document.headers["content-type"] == "text/html; charset=utf-8")
                #expect(document.text.contains("<title>\(try #require(texts["page.title"] as? String))</title>"))
                for part in ["{{", "<!-- part:", "href=\"/", "src=\"/"] {
                    #expect(!document.text.contains(part), "\(part)")
                }
                for match in document.text.matches(of: /data-(?:text|label|placeholder)="([^"]+)"/) {
                    #expect(texts[String(match.1)] != nil, "\(page.name): \(match.1)")
                }
                let base = try server.url(page.path)
                var left = document.text.matches(of: /(?:href|src)="([^"#]+)"/)
                    .compactMap { URL(string: String($0.1), relativeTo: base)?.path }
                var seen: Set<String> = []
                while let path = left.popLast() {
                    guard seen.insert(path).inserted else { continue }
                    let answer = try await server.get(path)
                    #expect(answer.status == 200 && answer.headers["etag"] != nil, "\(page.name): \(path)")
                    #expect(answer.headers["cache-control"] == "no-cache", "\(path)")
                    let kept = try await server.get(path, headers: ["If-None-Match": answer.headers["etag"] ?? ""])
                    #expect(kept.status == 304, "\(path)")
                    guard path.hasSuffix(".js") else { continue }
                    for match in answer.text.matches(of: /from "([^"]+)"/) {
                        left.append(try #require(URL(string: String(match.1), relativeTo: server.url(path))).path)
                    }
                    for match in answer.text.matches(of: /\bt\("([a-z][a-z0-9.-]*)"/) {
                        #expect(texts[String(match.1)] != nil, "\(path): \(match.1)")
                    }
                }
                #expect(seen.contains("/assets/shared/shell.js") && seen.contains("/assets/\(page.name)/page.css"))
            }
        }
    }

    /// The shell's navigation has all pages in their order, and says which one this is.
    @Test func everyPageHasTheNavigation() async throws {
        try await RunningServer.run { server in
            for page in Page.all {
                let text = try await server.get(page.path).text
                let links = text.matches(of: /<a href="([^"]+)" data-name-en="([^"]+)" data-name-zh="([^"]+)"([^>]*)>/)
                let base = try server.url(page.path)
                #expect(links.map { URL(string: String($0.1), relativeTo: base)?.path } == Page.all.map(\.path))
                let current = links.enumerated().filter { $1.4.contains("aria-current=\"page\"") }.map(\.offset)
                #expect(current == [Page.all.firstIndex { $0.name == page.name }])
                #expect(links.allSatisfy { $0.2 != $0.3 })
            }
        }
    }

    /// A folder and a declaration make a page.
    @Test func aPageIsAFolderAndALine() throws {
        let files = try #require(Pages.installed)
        let folder = [
            "labels/page.html":
                "<!-- part: tools -->\n<button id=\"undo\"></button>\n<!-- part: main -->\n<p>Labels</p>\n",
            "labels/page.js": "", "labels/page.css": "",
            "labels/texts.en.json": #"{"page.name": "Labels", "page.title": "Diptych – \"labels\" & <more>"}"#,
            "labels/texts.zh.json": #"{"page.name": "标注", "page.title": "标注"}"#,
        ].mapValues { Array($0.utf8) }
        let page = Page("labels", at: "/work/labels", .write)
        func made(_ change: (inout [String: [UInt8]]) -> Void = { _ in }) throws -> [String: String] {
            var files = files.merging(folder) { $1 }
            change(&files)
            return try Pages(files, Page.all + [page]).documents.mapValues { String(decoding: $0, as: UTF8.self) }
        }
        let documents = try made()
        let own = try #require(documents["labels"]), search = try #require(documents["search"])
        #expect(own.contains("<title>Diptych – &quot;labels&quot; &amp; &lt;more></title>"))
        #expect(own.contains("<p>Labels</p>") && own.contains(#"<button id="undo">"#) && !own.contains("<!-- part"))
        let link = #"data-name-en="Labels" data-name-zh="标注" data-scope="write""#
        #expect(own.contains(#"<a href="../work/labels" \#(link) aria-current="page">Labels</a>"#))
        #expect(search.contains(#"<a href="./work/labels" \#(link)>Labels</a>"#))
        // It lies deeper than others, and its links say so.
        #expect(
            own.contains(#"src="../assets/labels/page.js""#) && own.contains(#"<a href="../" data-name-en="Search""#))

        for (path, text, reason) in [
            ("labels/page.js", nil, "Pages/labels/page.js: is missing"),
            ("labels/texts.zh.json", #"{"page.title": ""}"#, "Pages/labels/texts.zh.json: has no text 'page.name'"),
            ("labels/texts.en.json", "{", "Pages/labels/texts.en.json, byte 1: "),
            ("labels/page.html", "<!-- part: aside -->", "has no place for the part 'aside'"),
            ("labels/page.html", "<p>", "must begin with a line"),
            ("labels/page.html", "<!-- part: main -->\n<!-- part: main -->", "has 'main' twice"),
            ("shared/shell.html", nil, "Pages/shared/shell.html: is missing"),
        ] as [(String, String?, String)] {
            let error = #expect(throws: ServerError.self) { try made { $0[path] = text.map { Array($0.utf8) } } }
            #expect(error?.description.contains(reason) == true, "\(path): \(error?.description ?? "")")
        }
    }

    @Test func onlyAssetsAreAssets() async throws {
        try await RunningServer.run { server in
            for path in [
                "/assets/shared/shell.html", "/assets/search/page.html", "/assets/openapi.json", "/assets/shared",
                "/assets/",
                "/assets/page.js", "/assets/shared/../openapi.json", "/assets/shared/%2e%2e/openapi.json",
            ] {
                let answer = try await server.get(path)
                #expect(answer.status == 404, "\(path)")
            }
        }
    }
}
