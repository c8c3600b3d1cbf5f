internal import DiptychBasics
import DiptychMedia
internal import Foundation

/// Draws a sheet as it is planned.
struct SheetDrawing {
    let plan: SheetPlan

    /// A drawn sheet and where its tiles are.
    struct Result {
        var image: Image
        var boxes: [SheetBox]
    }

    /// Draws the sheet, upright and without damage.
    ///
    /// - Throws: `SamplesError` where it cannot be rendered.
    func drawn(using random: inout SplitMix64) throws -> Result {
        let (style, frame) = (plan.style, plan.style.frame)
        let inner = plan.widths.reduce(0, +) + (plan.columns - 1) * style.gapX + 2 * plan.columns * frame
        let width = inner + 2 * style.margin
        let lines = plan.instruction.map { wrapped($0, width: width - 2 * max(style.margin, 8)) } ?? []
        let lineHeight = plan.fontSize * 3 / 2
        let header = lines.isEmpty ? 0 : lines.count * lineHeight + plan.fontSize
        let footer = plan.hasFooter ? 28 : 0
        let tall = plan.heights.reduce(0, +) + (plan.rows - 1) * style.gapY + 2 * plan.rows * frame
        let height = header + tall + 2 * style.margin + footer

        var boxes: [SheetBox] = []
        var tiles = ""
        var y = header + style.margin
        for row in 0..<plan.rows {
            var x = style.margin
            let boxHeight = plan.heights[row] + 2 * frame
            for column in 0..<plan.columns {
                let box = SheetBox(x: x, y: y, width: plan.widths[column] + 2 * frame, height: boxHeight)
                tiles += try tile(boxes.count, in: box, using: &random)
                boxes.append(box)
                x += box.width + style.gapX
            }
            y += boxHeight + style.gapY
        }
        var svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\""
        svg += " width=\"\(width)\" height=\"\(height)\" font-family=\"\(ContactSheet.fonts)\">"
        svg += "<rect width=\"100%\" height=\"100%\" fill=\"\(style.background.svg)\"/>" + tiles
        for (number, line) in lines.enumerated() {
            let baseline = plan.fontSize / 2 + number * lineHeight + plan.fontSize
            svg += "<text x=\"\(max(style.margin, 8))\" y=\"\(baseline)\" font-size=\"\(plan.fontSize)\""
            svg += " fill=\"\(style.ink)\">\(SheetText.escaped(line))</text>"
        }
        if plan.hasFooter {
            svg += "<text x=\"\(width - 8)\" y=\"\(height - 9)\" font-size=\"12\" text-anchor=\"end\""
            svg += " fill=\"#808690\">\(plan.isChinese ? "练习" : "Sheet") \(1 + random.below(90))</text>"
        }
        if plan.degree == .overlaid { svg += overlay(width: width, height: height, top: header, using: &random) }
        return Result(image: try Drawing.render(svg + "</svg>"), boxes: boxes)
    }

    /// A tile with its frame.
    private func tile(_ index: Int, in box: SheetBox, using random: inout SplitMix64) throws -> String {
        let style = plan.style
        let (width, height) = (box.width - 2 * style.frame, box.height - 2 * style.frame)
        let aspect = Double(width) / Double(height), side = Double(Scene.side)
        let canvas = Canvas(
            width: Int((side * max(1, aspect)).rounded()), height: Int((side * max(1, 1 / aspect)).rounded()))
        let scene = plan.contents[index].scene(using: &random)
        let drawing = try Drawing.render(scene.svg(on: canvas, using: &random).document)
        let image = try Photograph(using: &random).taken(of: drawing, using: &random)
            .resized(width: width, height: height)
        let uri = "data:image/png;base64," + Data(try image.png()).base64EncodedString()
        let outer = "x=\"\(box.x)\" y=\"\(box.y)\" width=\"\(box.width)\" height=\"\(box.height)\""
        let radius = style.radius > 0 ? " rx=\"\(style.radius)\"" : ""
        var svg = "<clipPath id=\"t\(index)\"><rect \(outer)\(radius)/></clipPath><g clip-path=\"url(#t\(index))\">"
        if style.frame > 0 { svg += "<rect \(outer) fill=\"\(style.frameColor.svg)\"/>" }
        svg +=
            "<image x=\"\(box.x + style.frame)\" y=\"\(box.y + style.frame)\" width=\"\(width)\" height=\"\(height)\""
        return svg + " xlink:href=\"\(uri)\"/></g>"
    }

    /// Lines of text across the tiles, half transparent.
    private func overlay(width: Int, height: Int, top: Int, using random: inout SplitMix64) -> String {
        let text = random.pick(["SAMPLE", "DRAFT", "样本", "Diptych"])
        let size = 18 + random.below(14)
        var svg = ""
        for line in 0..<(2 + random.below(2)) {
            let y = top + (height - top) * (line * 2 + 1) / 6 + random.below(20)
            let color = random.pick(["#ffffff", "#202020"])
            let repeated = Array(repeating: text, count: width / (size * 4) + 1).joined(separator: "   ")
            svg += "<text x=\"\(random.below(20))\" y=\"\(y)\" font-size=\"\(size)\" fill=\"\(color)\""
            svg += " fill-opacity=\"\(random.between(0.35, 0.6).short)\""
            svg += " transform=\"rotate(\(random.between(-12, 4).short) \(width / 2) \(y))\">\(repeated)</text>"
        }
        return svg
    }

    /// A text in lines that fit: at spaces in English, anywhere in Chinese.
    private func wrapped(_ text: String, width: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        func room(_ text: String) -> Double {
            text.unicodeScalars.reduce(0) { $0 + ($1.value >= 0x2E80 ? 1 : 0.6) } * Double(plan.fontSize)
        }
        let pieces =
            plan.isChinese
            ? text.map(String.init) : text.split(separator: " ").map { String($0) + " " }
        for piece in pieces {
            if !line.isEmpty, room(line + piece) > Double(width) {
                lines.append(line)
                line = ""
            }
            line += piece
        }
        return lines + [line]
    }
}
