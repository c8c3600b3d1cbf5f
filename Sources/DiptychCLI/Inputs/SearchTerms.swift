import ArgumentParser
import Diptych
import DiptychSearch

/// A query of texts, images and items, each with a weight.
struct SearchTerms: ParsableArguments {
    @Argument(help: "A text.")
    var query: String?

    @Option(parsing: .unconditionalSingleValue, help: "A further text; may be given several times.")
    var text: [String] = []

    @Option(help: "An image to search by: a path, a URL, a data URI, or - for bytes on standard input; several times.")
    var image: [String] = []

    @Option(help: "The id of an item of the store: more like this; several times.")
    var like: [String] = []

    @Option(
        parsing: .unconditionalSingleValue, help: "A text whose meaning is taken away from the query; several times.")
    var minus: [String] = []

    @Option(help: "An image whose meaning is taken away from the query; several times.")
    var minusImage: [String] = []

    private var texts: [String] { (query.map { [$0] } ?? []) + text }

    func validate() throws {
        guard !texts.isEmpty || !image.isEmpty || !like.isEmpty else {
            throw ValidationError("give a text to search for, --image or --like.")
        }
        for (text, option) in texts.map({ ($0, "the query") }) + minus.map({ ($0, "--minus") }) {
            if let problem = TextArgument.problem(Weighted(text).value, option: option) {
                throw ValidationError(problem)
            }
        }
        for (values, option) in [(image, "--image"), (like, "--like"), (minusImage, "--minus-image")] {
            for value in values where Weighted(value).value.isEmpty { throw ValidationError("\(option) is empty.") }
        }
        guard (image + minusImage).filter({ Weighted($0).value == "-" }).count <= 1 else {
            throw ValidationError("standard input (-) can be read only once.")
        }
        for value in texts + image + like + minus + minusImage where !(0...100).contains(Weighted(value).weight) {
            throw ValidationError("the weight of '\(value)' must be 0 to 100.")
        }
    }

    /// A value and the weight behind its last caret; 1 where there is none.
    struct Weighted {
        let value: String
        let weight: Float

        init(_ text: String) {
            if let caret = text.lastIndex(of: "^"), let weight = Float(text[text.index(after: caret)...]),
                weight.isFinite
            {
                (value, self.weight) = (String(text[..<caret]), weight)
            } else {
                (value, weight) = (text, 1)
            }
        }
    }

    /// Reads the images, and puts the terms together.
    func query(options: ImageOptions, fetch: FetchOptions) throws -> SearchQuery {
        func images(_ names: [String], _ sign: Float) throws -> [SearchQuery.Term] {
            try names.map { name in
                let weighted = Weighted(name)
                return .image(
                    try ImageInput(weighted.value).image(options: options, fetch: fetch),
                    weight: sign * weighted.weight)
            }
        }
        func words(_ texts: [String], _ sign: Float) -> [SearchQuery.Term] {
            texts.map { Weighted($0) }.map { .text($0.value, weight: sign * $0.weight) }
        }
        let items = like.map { Weighted($0) }.map { SearchQuery.Term.item($0.value, weight: $0.weight) }
        return SearchQuery(
            words(texts, 1) + (try images(image, 1)) + items + words(minus, -1) + (try images(minusImage, -1)))
    }
}
