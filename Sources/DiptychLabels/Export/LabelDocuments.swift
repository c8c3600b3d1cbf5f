internal import DiptychBasics
internal import Foundation

/// Labels in the forms of other programs that have no rows: COCO's categories of whole images, and Label Studio's tasks.
public enum LabelDocuments {
    /// COCO: `images`, `categories`, and an annotation without a box for each label of an image.
    public static func coco(_ images: [LabelledImages.Image]) -> String {
        let names = Array(Set(images.flatMap(\.labels))).sorted()
        let numbers = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0 + 1) })
        var annotations: [JSONValue] = []
        for image in images {
            for label in image.labels {
                annotations.append(
                    .object([
                        .init("id", .int(Int64(annotations.count + 1))), .init("image_id", id(image)),
                        .init("category_id", .int(Int64(numbers[label] ?? 0))),
                    ]))
            }
        }
        let document = JSONValue.object([
            .init(
                "images",
                .array(
                    images.map { image in
                        .object([
                            .init("id", id(image)), .init("file_name", .string(image.path)),
                            .init("width", .int(Int64(image.width))), .init("height", .int(Int64(image.height))),
                        ])
                    })),
            .init(
                "categories",
                .array(
                    names.map { .object([.init("id", .int(Int64(numbers[$0] ?? 0))), .init("name", .string($0))]) })),
            .init("annotations", .array(annotations)),
        ])
        return document.text + "\n"
    }

    private static func id(_ image: LabelledImages.Image) -> JSONValue {
        Int64(image.id).map(JSONValue.int) ?? .string(image.id)
    }

    /// Label Studio: a task for each image, with one annotation of its choices or its text.
    public static func labelStudio(_ images: [LabelledImages.Image], _ kind: LabelTask.Kind) -> String {
        let isText = kind == .text
        let tasks = images.map { image -> JSONValue in
            let value = JSONValue.Member(isText ? "text" : "choices", .array(image.labels.map(JSONValue.string)))
            let result = JSONValue.object([
                .init("from_name", .string(isText ? "text" : "choice")), .init("to_name", "image"),
                .init("type", .string(isText ? "textarea" : "choices")), .init("value", .object([value])),
            ])
            return .object([
                .init("id", id(image)), .init("data", .object([.init("image", .string(image.path))])),
                .init("annotations", .array([.object([.init("result", .array([result]))])])),
            ])
        }
        return JSONValue.array(tasks).text + "\n"
    }

    // MARK: Reading

    /// An image of a file with its labels.
    public struct Entry: Sendable, Equatable {
        /// Its path, its URL or its name.
        public let image: String
        /// Its labels.
        public let labels: [String]
        /// Where it stands, for messages.
        public let place: String
    }

    /// The entries of COCO's or Label Studio's JSON; nil where it is neither.
    ///
    /// - Throws: ``LabelError`` for a document of either that lacks what it needs.
    public static func entries(_ bytes: [UInt8], path: String) throws(LabelError) -> [Entry]? {
        let document: JSONValue
        do { document = try JSONParser.parse(bytes) } catch { return nil }
        if let images = array(document["images"]), let categories = array(document["categories"]),
            let annotations = array(document["annotations"])
        {
            return try coco(images, categories, annotations, path)
        }
        guard let tasks = array(document), let first = tasks.first, first["data"] != nil else { return nil }
        var entries: [Entry] = []
        for (number, task) in tasks.enumerated() {
            if let entry = try labelStudio(task, "task \(number + 1)", path) { entries.append(entry) }
        }
        return entries
    }

    private static func array(_ value: JSONValue?) -> [JSONValue]? {
        if case .array(let values)? = value { values } else { nil }
    }

    private static func coco(
        _ images: [JSONValue], _ categories: [JSONValue], _ annotations: [JSONValue], _ path: String
    ) throws(LabelError) -> [Entry] {
        var names: [String: String] = [:]
        for (number, category) in categories.enumerated() {
            guard let id = category["id"]?.text, let name = category["name"]?.string else {
                throw LabelError("\(path): category \(number + 1) has no id or no name")
            }
            names[id] = name
        }
        var labels: [String: [String]] = [:]
        for (number, annotation) in annotations.enumerated() {
            guard let image = annotation["image_id"]?.text, let id = annotation["category_id"]?.text,
                let name = names[id]
            else {
                throw LabelError("\(path): annotation \(number + 1) names no image, or a category that is not there")
            }
            if !(labels[image] ?? []).contains(name) { labels[image, default: []].append(name) }
        }
        var entries: [Entry] = []
        for (number, image) in images.enumerated() {
            guard let id = image["id"]?.text, let name = image["file_name"]?.string else {
                throw LabelError("\(path): image \(number + 1) has no id or no file_name")
            }
            if let own = labels[id] { entries.append(Entry(image: name, labels: own, place: "image \(number + 1)")) }
        }
        return entries
    }

    private static func labelStudio(_ task: JSONValue, _ place: String, _ path: String) throws(LabelError) -> Entry? {
        guard case .object(let members)? = task["data"],
            let image = members.first(where: { $0.name == "image" })?.value.string
                ?? members.compactMap({ $0.value.string }).first
        else { throw LabelError("\(path), \(place): has no image in its data") }
        // The last annotation that was not cancelled counts.
        let made = array(task["annotations"])?.last { $0["was_cancelled"] != .bool(true) }
        var labels: [String] = []
        for result in array(made?["result"]) ?? [] {
            for name in ["choices", "text", "labels", "taxonomy"] {
                for value in array(result["value"]?[name]) ?? [] {
                    if let text = value.string, !labels.contains(text) { labels.append(text) }
                }
                if name == "text", let text = result["value"]?[name]?.string { labels.append(text) }
            }
        }
        return labels.isEmpty ? nil : Entry(image: image, labels: labels, place: place)
    }
}
