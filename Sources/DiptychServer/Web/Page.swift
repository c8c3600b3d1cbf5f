/// A page that people open in a browser: a folder of `Pages` with its content, script, style and texts.
///
/// The folder `Pages/NAME` holds `page.html` (the parts that stand in the shell, `Pages/shared/shell.html`), `page.js`,
/// `page.css`, `texts.en.json` and `texts.zh.json`, with the texts `page.name` for the navigation and `page.title` for the window,
/// and whatever else its script imports.
package struct Page: Sendable {
    /// The name of its folder, and of its icon.
    package let name: String
    /// Where it is.
    package let path: String
    /// Whom the navigation shows it to. The page itself comes without a key, to be able to ask for one.
    package let access: RouteAccess
    /// What it keeps in its address.
    let query: QueryNames

    init(_ name: String, at path: String, _ access: RouteAccess, query: QueryNames) {
        (self.name, self.path, self.access, self.query) = (name, path, access, query)
    }

    /// A page that keeps nothing in its address.
    package init(_ name: String, at path: String, _ access: RouteAccess) {
        self.init(name, at: path, access, query: [])
    }

    /// The pages, in the order of the navigation.
    package static let all: [Page] = [
        Page(
            "search", at: "/", .read,
            query: QueryNames(["q", "minus", "filter", "like", "relevant", "item"], repeated: ["minus"])),
        Page("label", at: "/label", .write),
        Page("map", at: "/map", .read, query: ["by"]),
        Page("tiles", at: "/tiles", .read),
        Page("status", at: "/status", .read),
    ]

    /// The languages that every page has, the first one for readers of none of them.
    package static let languages = ["en", "zh"]
}
