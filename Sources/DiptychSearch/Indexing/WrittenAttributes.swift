internal import DiptychMedia

/// What files say about images, as a store keeps it.
enum WrittenAttributes {
    /// The name under which the store notes the sidecar that was read.
    static let sidecar = "sidecar"
    /// The names that files may set.
    private static let names = [
        "title", "keywords", "rating", "label", "creator", "copyright", "city", "state", "country", sidecar,
    ]

    /// The attributes of an item whose files were read: of those that files may set, what they say; of the others what the store
    /// has. A file that says nothing leaves all as it is.
    static func merged(
        _ description: ImageDescription, _ sidecar: Sidecars.Sidecar?, over known: [String: AttributeValue]
    ) -> [String: AttributeValue] {
        var said: [String: AttributeValue] = [:]
        func set(_ name: String, _ text: String?) { if let text { said[name] = .text(text) } }
        set("title", description.title)
        set("label", description.label)
        set("creator", description.creator)
        set("copyright", description.copyright)
        set("city", description.city)
        set("state", description.state)
        set("country", description.country)
        if !description.keywords.isEmpty {
            said["keywords"] = .list(description.keywords.prefix(200).map { .text($0) })
        }
        if let rating = description.rating { said["rating"] = AttributeValue.number(rating).canonical }
        if let sidecar { said[Self.sidecar] = sidecar.attribute }
        guard !said.isEmpty || known[Self.sidecar] != nil else { return known }
        var merged = known
        for name in names { merged[name] = said[name] }
        // Keywords beyond what a store takes are no reason to leave the image out.
        guard (try? AttributeText.encode(merged)) != nil else { return known }
        return merged
    }
}
