import DiptychDatasets
import Foundation

/// A question for each drawn image: which of some captions is its own.
enum SampleChoices {
    /// The letters of choices.
    private static let letters = Array("ABCDEFGH")
    /// The most choices of a question.
    static var most: Int { letters.count }

    /// Writes `choices.parquet` beside `captions.jsonl`: `filename`, `caption_choices` (a list of texts) and `label`, the
    /// letter of the right one.
    static func write(_ choices: Int, in folder: String) throws {
        let rows = try DatasetFiles.open(["\(folder)/captions.jsonl"])
        let writer = try ParquetWriter(
            path: "\(folder)/choices.parquet",
            columns: [
                .init("filename", .string), .init("caption_choices", .string, isList: true), .init("label", .string),
            ])
        for index in 0..<rows.count {
            guard let file = try rows.row(at: index)["file"]?.text else { continue }
            // The right one stands at a place that goes round; the others are those of the next images.
            let right = index % choices
            var texts: [String] = []
            for place in 0..<choices {
                let other = place == right ? index : (index + 1 + place) % rows.count
                texts.append(try rows.row(at: other)["caption_en"]?.text ?? "")
            }
            try writer.append([
                .string(file), .list(texts.map(ParquetValue.string)), .string(String(letters[right])),
            ])
        }
        try writer.finish()
    }
}
