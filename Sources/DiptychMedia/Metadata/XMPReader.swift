/// What an XMP document says about an image (ISO 16684-1): the properties of its descriptions, each a text or a list of texts.
struct XMPReader {
    /// The most values that are read of a property, and of a document.
    private static let valueLimit = 1000, limit = 10_000

    private static let rdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
    private static let containers = Set(["Alt", "Bag", "Seq"].map { SmallXML.Name(space: rdf, local: $0) })
    private static let root = SmallXML.Name(space: rdf, local: "RDF")
    private static let description = SmallXML.Name(space: rdf, local: "Description")
    private static let item = SmallXML.Name(space: rdf, local: "li")
    private static let language = SmallXML.Name(space: "http://www.w3.org/XML/1998/namespace", local: "lang")

    private var properties: [SmallXML.Name: [String]] = [:]

    /// Reads a document; of one that is damaged what comes before the damage.
    init(_ bytes: [UInt8]) {
        var xml = SmallXML(bytes)
        var open: [SmallXML.Name] = []
        var (text, count, isDefault) = ("", 0, false)
        while count < Self.limit, let event = xml.next() {
            switch event {
            case .start(let name, let attributes):
                if name == Self.description, open.last == Self.root {
                    for attribute in attributes where attribute.name.space != Self.rdf {
                        add(attribute.value, to: attribute.name)
                        count += 1
                    }
                }
                isDefault = attributes.contains { $0.name == Self.language && $0.value.lowercased() == "x-default" }
                open.append(name)
                text = ""
            case .text(let more): if text.utf8.count < PlainText.limit { text += more }
            case .end:
                let name = open.removeLast()
                if let property = Self.property(name, in: open) {
                    add(text, to: property, first: isDefault)
                    count += 1
                }
                text = ""
            }
        }
    }

    /// The property that the text of an element belongs to: the element itself below a description, or the one whose list it is
    /// an entry of.
    private static func property(_ name: SmallXML.Name, in open: [SmallXML.Name]) -> SmallXML.Name? {
        func isProperty(_ depth: Int) -> Bool {
            depth >= 2 && open[depth - 1] == description && open[depth - 2] == root
        }
        if isProperty(open.count) { return name }
        guard name == item, open.count >= 4, containers.contains(open[open.count - 1]), isProperty(open.count - 2)
        else {
            return nil
        }
        return open[open.count - 2]
    }

    private mutating func add(_ text: String, to name: SmallXML.Name, first: Bool = false) {
        guard let text = PlainText.cleaned(String(text.prefix(PlainText.limit))),
            properties[name, default: []].count < Self.valueLimit
        else { return }
        properties[name, default: []].insert(text, at: first ? 0 : properties[name]?.count ?? 0)
    }

    private static let spaces = [
        "dc": "http://purl.org/dc/elements/1.1/", "xmp": "http://ns.adobe.com/xap/1.0/",
        "exif": "http://ns.adobe.com/exif/1.0/", "photoshop": "http://ns.adobe.com/photoshop/1.0/",
        "microsoft": "http://ns.microsoft.com/photo/1.0/", "digikam": "http://www.digikam.org/ns/1.0/",
        "tiff": "http://ns.adobe.com/tiff/1.0/",
    ]

    private func values(_ space: String, _ local: String) -> [String] {
        properties[SmallXML.Name(space: Self.spaces[space] ?? "", local: local)] ?? []
    }

    private func value(_ space: String, _ local: String) -> String? { values(space, local).first }

    /// The properties that are of use here.
    var description: ImageDescription {
        var found = ImageDescription()
        found.caption = value("dc", "description")
        found.title = value("dc", "title") ?? value("photoshop", "Headline")
        let keywords = values("dc", "subject")
        // digiKam writes whole paths, of which the last part is the keyword.
        found.keywords =
            keywords.isEmpty
            ? values("digikam", "TagsList").compactMap { $0.split(separator: "/").last.map(String.init) } : keywords
        found.creator = value("dc", "creator")
        found.copyright = value("dc", "rights")
        found.label = value("xmp", "Label")
        found.city = value("photoshop", "City")
        found.state = value("photoshop", "State")
        found.country = value("photoshop", "Country")
        found.rating =
            value("xmp", "Rating").flatMap(Double.init).flatMap(ImageDescription.ratingOfStars)
            ?? value("microsoft", "Rating").flatMap(Double.init).flatMap(ImageDescription.ratingOfPercent)
        if let north = value("exif", "GPSLatitude").flatMap({ Self.degrees($0, "NS", limit: 90) }),
            let east = value("exif", "GPSLongitude").flatMap({ Self.degrees($0, "EW", limit: 180) })
        {
            (found.latitude, found.longitude) = (north, east)
        }
        found.taken =
            ["exif DateTimeOriginal", "photoshop DateCreated"].lazy
            .compactMap { name in
                let parts = name.split(separator: " ").map(String.init)
                return self.value(parts[0], parts[1]).flatMap(ImageMetadata.seconds)
            }.first
        return found
    }

    /// `47,22.5N` or `47,22,30N`: degrees, minutes with a fraction, or seconds; some write plain degrees.
    static func degrees(_ text: String, _ directions: String, limit: Double) -> Double? {
        var text = text
        var sign = 1.0
        if let last = text.last, let direction = directions.firstIndex(of: Character(last.uppercased())) {
            sign = direction == directions.startIndex ? 1 : -1
            text.removeLast()
        }
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
        guard (1...3).contains(parts.count), !parts.contains(nil) else { return nil }
        let numbers = parts.compactMap { $0 }
        guard numbers.dropFirst().allSatisfy({ (0..<60.0001).contains($0) }) else { return nil }
        let minutes = numbers.count > 1 ? numbers[1] / 60 : 0, seconds = numbers.count > 2 ? numbers[2] / 3600 : 0
        let value = sign * (numbers[0] < 0 ? numbers[0] - minutes - seconds : numbers[0] + minutes + seconds)
        return value.isFinite && abs(value) <= limit ? value : nil
    }
}
