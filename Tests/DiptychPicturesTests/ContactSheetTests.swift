import DiptychPictures
import Foundation
import Testing

struct ContactSheetTests {
    private func rows(in directory: String, count: Int, results: Int) async throws -> [ContactSheet.Row] {
        try await PictureSet(seed: 31).write(count: results, to: directory)
        return (0..<count).map { row in
            ContactSheet.Row(
                query: row.isMultiple(of: 2) ? "two <red> stars & \"more\"" : "两颗红色的星星",
                results: (0..<results).map { index in
                    .init(path: directory + "/" + PictureSet.fileName(at: index), similarity: 0.5 - Double(index) / 20)
                })
        }
    }

    @Test(arguments: ["png", "jpg"]) func writesAPictureOfTheDeclaredSize(kind: String) async throws {
        try await withTemporaryDirectory { directory in
            let rows = try await rows(in: directory, count: 3, results: 5)
            let path = directory + "/sheet." + kind
            try ContactSheet.write(rows: rows, to: path)
            let size = try PictureHeader.size(ofFile: path)
            #expect(size == ContactSheet.size(of: rows))
            #expect(size.width > 5 * 150)
        }
    }

    @Test func copesWithAnyQueryText() async throws {
        try await withTemporaryDirectory { directory in
            let texts = [
                "", String(repeating: "long ", count: 2000), String(repeating: "长", count: 500),
                "]]></svg>\u{0}\u{1B}\u{FFFF}", "café 😀 \u{202E}x", "a\nb\tc",
            ]
            let path = directory + "/sheet.png"
            try ContactSheet.write(rows: texts.map { .init(query: $0, results: []) }, to: path)
            #expect(try PictureHeader.size(ofFile: path).height > 0)
        }
    }

    @Test func namesTheFileThatIsWrong() async throws {
        try await withTemporaryDirectory { directory in
            let missing = directory + "/missing.jpg"
            let text = directory + "/text.jpg"
            try "no picture".write(toFile: text, atomically: true, encoding: .utf8)
            for path in [missing, text] {
                let row = ContactSheet.Row(query: "x", results: [.init(path: path, similarity: 0)])
                let error = #expect(throws: PicturesError.self) {
                    try ContactSheet.write(rows: [row], to: directory + "/sheet.png")
                }
                #expect(error?.description.contains(path) == true)
            }
            let row = ContactSheet.Row(query: "x", results: [])
            for path in [directory + "/sheet.bmp", directory + "/no/sheet.png"] {
                let error = #expect(throws: PicturesError.self) { try ContactSheet.write(rows: [row], to: path) }
                #expect(error?.description.contains(path) == true)
            }
            #expect(throws: PicturesError.self) { try ContactSheet.write(rows: [], to: directory + "/sheet.png") }
        }
    }
}
