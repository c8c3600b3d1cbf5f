import DiptychMedia
import DiptychReading
import DiptychSamples
import DiptychTiles
import Testing

/// Text in drawn images, and the words of instructions.
@Suite struct ReadingTests {
    private func drawn(_ text: String, width: Int = 520) throws -> Image {
        try SVGImage.render(
            svg: "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(width)\" height=\"60\">"
                + "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/><text x=\"12\" y=\"38\" font-size=\"24\""
                + " font-family=\"'DejaVu Sans', 'WenQuanYi Zen Hei'\">\(text)</text></svg>")
    }

    @Test func linesAreReadInBothLanguages() throws {
        let reader = try TesseractReader()
        for text in ["Which pictures show: red star", "请找出：蓝色背景上的绿色三角形"] {
            let lines = try reader.lines(of: try drawn(text), mode: .block)
            #expect(lines.map(\.text) == [text])
            let line = try #require(lines.first)
            #expect(line.confidence > 0.6 && line.box.x >= 8 && line.box.x <= 16)
            #expect(line.box.y >= 10 && line.box.y + line.box.height <= 52)
        }
        #expect(try reader.lines(of: try drawn(""), mode: .anywhere).isEmpty)
    }

    @Test func whatIsMissingIsSaid() {
        let error = #expect(throws: ReadingError.self) { try TesseractReader(languages: ["tlh"]) }
        #expect(error?.description == "Tesseract cannot read tlh: apt-get install tesseract-ocr-tlh")
        for names in [[], [""], ["../eng"], ["eng+x"]] {
            #expect(throws: ReadingError.self) { try TesseractReader(languages: names) }
        }
    }

    @Test(arguments: [
        (["Which pictures show: a red", "star on grass"], ["a red star on grass"]),
        (["Find: red star; blue ring."], ["red star", "blue ring"]),
        (["哪些图片里有：草地上的", "红色星星？"], ["草地上的红色星星"]),
        (["请找出：圆环；星星"], ["圆环", "星星"]), (["请找出“月亮”和“花”"], ["月亮", "花"]),
        (["Find all cats"], ["cats"]), (["a cat"], ["a cat"]), (["::;;"], []), ([], []), (["  "], []),
    ])
    func wordsOfInstructions(lines: [String], words: [String]) {
        #expect(InstructionWords.words(of: lines) == words)
    }

    /// The instruction of a drawn sheet, in the middle of everything else.
    @Test func wordsOfDrawnSheets() throws {
        let reader = try TesseractReader()
        let set = SheetSet(seed: 41, split: .valid)
        var (right, all) = (0, 0)
        for index in stride(from: 0, to: 60, by: 5) {
            let (image, truth, _) = try set.sheet(at: index)
            guard truth.instruction != nil, let layout = LayoutFinder().layout(of: image) else { continue }
            all += 1
            if try SheetInstruction(of: image, layout: layout, by: reader).words == truth.words { right += 1 }
        }
        #expect(all >= 6 && right * 10 >= all * 7, "\(right) of \(all)")
    }
}
