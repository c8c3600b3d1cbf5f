import DiptychMedia
import DiptychSamples
import Foundation
import Testing

struct ContactSheetTests {
    private func rows(in directory: String, count: Int, results: Int) async throws -> [ContactSheet.Row] {
        try await SampleSet(seed: 31).write(count: results, to: directory)
        return (0..<count).map { row in
            ContactSheet.Row(
                query: row.isMultiple(of: 2) ? "two <red> stars & \"more\"" : "两颗红色的星星",
                results: (0..<results).map { index in
                    .init(path: directory + "/" + SampleSet.fileName(at: index), similarity: 0.5 - Double(index) / 20)
                })
        }
    }

    @Test(arguments: ["png", "jpg"]) func writesAnImageOfTheDeclaredSize(kind: String) async throws {
        try await withTemporaryDirectory { directory in
            let rows = try await rows(in: directory, count: 3, results: 5)
            let path = directory + "/sheet." + kind
            try ContactSheet.write(rows: rows, to: path)
            let size = try ImageHeader.size(ofFile: path)
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
            #expect(try ImageHeader.size(ofFile: path).height > 0)
        }
    }

    /// The colour in the middle of the first cell of a sheet. Of the two middle rows it is the upper one, where a
    /// picture of a single row lies.
    private func middle(of sheet: String) throws -> [UInt8] {
        let image = try Image.decode(file: sheet)
        let (x, y) = (36 + 88, 36 + 36 + 87)
        return Array(image.bytes[(y * image.width + x) * 3..<(y * image.width + x) * 3 + 3])
    }

    @Test(arguments: [(640, 480), (30, 400), (1, 1), (5000, 3)]) func showsAnImageOfAnySize(
        width: Int, height: Int
    ) async throws {
        try await withTemporaryDirectory { directory in
            let orange = (0..<width * height).flatMap { _ -> [UInt8] in [240, 130, 20] }
            let sheet = directory + "/sheet.png"
            for name in ["a.png", "a.jpg"] {
                let path = directory + "/" + name
                let image = try Image(width: width, height: height, bytes: orange)
                if name == "a.png" { try image.writePNG(to: path) } else { try image.writeJPEG(to: path) }
                let row = ContactSheet.Row(query: "x", results: [.init(path: path, similarity: 1)])
                #expect(try ContactSheet.write(rows: [row], to: sheet).isEmpty)
                for (value, wanted) in zip(try middle(of: sheet), [240, 130, 20] as [Int]) {
                    #expect(abs(Int(value) - wanted) < 12)
                }
            }
        }
    }

    /// Neither JPEG nor PNG, and as a whole larger than the sheet that shows it.
    @Test func embedsNoImageWhole() async throws {
        try await withTemporaryDirectory { directory in
            let (width, height) = (1600, 1200)
            let header: [UInt8] =
                Array("BM".utf8) + Self.little(54 + width * height * 3, 4) + [0, 0, 0, 0]
                + Self.little(54, 4) + Self.little(40, 4) + Self.little(width, 4) + Self.little(height, 4)
                + [1, 0, 24, 0] + [UInt8](repeating: 0, count: 24)
            let blue = (0..<width * height).flatMap { _ -> [UInt8] in [200, 60, 30] }
            let path = directory + "/large.bmp"
            try Data(header + blue).write(to: URL(fileURLWithPath: path))
            let row = ContactSheet.Row(query: "x", results: [.init(path: path, similarity: 1)])
            #expect(try ContactSheet.write(rows: [row], to: directory + "/sheet.png").isEmpty)
            let color = try middle(of: directory + "/sheet.png")
            #expect(zip(color, [30, 60, 200] as [Int]).allSatisfy { abs(Int($0) - $1) < 12 }, "\(color)")
        }
    }

    private static func little(_ value: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    @Test func namesImagesThatCannotBeRead() async throws {
        try await withTemporaryDirectory { directory in
            let good = try await rows(in: directory, count: 1, results: 1)[0].results[0]
            let missing = directory + "/missing <&> \"picture\".jpg"
            let text = directory + "/text.jpg"
            try "no picture".write(toFile: text, atomically: true, encoding: .utf8)
            let results = [missing, text, missing].map { ContactSheet.Result(path: $0, similarity: 0) }
            let rows = [ContactSheet.Row(query: "x", results: results + [good])]
            let sheet = directory + "/sheet.png"
            let unshown = try ContactSheet.write(rows: rows, to: sheet)
            #expect(unshown.map(\.path) == [missing, text])
            #expect(unshown.allSatisfy { !$0.reason.isEmpty && !$0.reason.contains("\n") })
            #expect(try ImageHeader.size(ofFile: sheet) == ContactSheet.size(of: rows))
        }
    }

    @Test func saysWhyASheetCannotBeWritten() async throws {
        try await withTemporaryDirectory { directory in
            let row = ContactSheet.Row(query: "x", results: [])
            for path in [directory + "/sheet.bmp", directory + "/sheet", directory + "/no/sheet.png"] {
                let error = #expect(throws: SamplesError.self) { try ContactSheet.write(rows: [row], to: path) }
                #expect(error?.description.contains(path) == true)
            }
            for count in [0, ContactSheet.rowLimit + 1] {
                let rows = [ContactSheet.Row](repeating: row, count: count)
                #expect(throws: SamplesError.self) { try ContactSheet.write(rows: rows, to: directory + "/sheet.png") }
            }
            let left = try FileManager.default.contentsOfDirectory(atPath: directory)
            #expect(left.isEmpty)
        }
    }
}
