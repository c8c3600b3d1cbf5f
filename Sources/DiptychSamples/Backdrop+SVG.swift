internal import DiptychBasics

extension Backdrop {
    /// What fills the canvas behind the objects.
    func svg(on canvas: Canvas, using random: inout SplitMix64) -> String {
        switch self {
        case .white: plain(RGB(246, 246, 244), canvas, &random)
        case .black: plain(RGB(24, 24, 26), canvas, &random)
        case .gray: plain(RGB(148, 148, 150), canvas, &random)
        case .green: plain(RGB(128, 200, 128), canvas, &random)
        case .blue: plain(RGB(134, 184, 240), canvas, &random)
        case .pink: plain(RGB(250, 198, 218), canvas, &random)
        case .yellow: plain(RGB(248, 236, 150), canvas, &random)
        case .purple: plain(RGB(196, 172, 226), canvas, &random)
        case .sunset: gradient([RGB(110, 84, 160), RGB(232, 128, 122), RGB(252, 196, 110)], canvas, &random)
        case .night:
            gradient([RGB(8, 10, 34), RGB(30, 38, 88)], canvas, &random)
                + specks(60, RGB(235, 235, 215), 0.5...1.1, canvas, &random)
        case .sand:
            plain(RGB(226, 198, 146), canvas, &random) + specks(110, RGB(176, 142, 92), 0.5...1.0, canvas, &random)
        case .grass:
            plain(RGB(96, 164, 64), canvas, &random) + blades(140, RGB(58, 112, 34), canvas, &random)
        case .sea: plain(RGB(62, 134, 190), canvas, &random) + waves(RGB(168, 214, 236), canvas, &random)
        case .snow:
            plain(RGB(222, 232, 242), canvas, &random) + specks(90, RGB(255, 255, 255), 1.0...2.4, canvas, &random)
        case .wood: plain(RGB(190, 138, 84), canvas, &random) + planks(canvas, &random)
        case .brick: plain(RGB(176, 84, 62), canvas, &random) + mortar(canvas, &random)
        }
    }

    private func plain(_ color: RGB, _ canvas: Canvas, _ random: inout SplitMix64) -> String {
        let color = color.varied(by: 8, using: &random)
        return "<rect width=\"\(canvas.width)\" height=\"\(canvas.height)\" fill=\"\(color.svg)\"/>"
    }

    private func gradient(_ colors: [RGB], _ canvas: Canvas, _ random: inout SplitMix64) -> String {
        let stops = colors.enumerated().map { index, color -> String in
            let offset = Double(index) / Double(colors.count - 1)
            return "<stop offset=\"\(offset)\" stop-color=\"\(color.varied(by: 8, using: &random).svg)\"/>"
        }
        return "<defs><linearGradient id=\"b\" x1=\"0\" y1=\"0\" x2=\"0\" y2=\"1\">\(stops.joined())</linearGradient>"
            + "</defs><rect width=\"\(canvas.width)\" height=\"\(canvas.height)\" fill=\"url(#b)\"/>"
    }

    /// Round dots as one path of zero-length strokes with round caps: far cheaper than an element each.
    private func specks(
        _ count: Int, _ color: RGB, _ radii: ClosedRange<Double>, _ canvas: Canvas, _ random: inout SplitMix64
    ) -> String {
        var path = ""
        for _ in 0..<count {
            path += "M\(random.below(canvas.width)) \(random.below(canvas.height))h0.01"
        }
        let width = random.between(radii.lowerBound, radii.upperBound) * 2
        return "<path d=\"\(path)\" stroke=\"\(color.svg)\" stroke-width=\"\(width.short)\" stroke-linecap=\"round\"/>"
    }

    private func blades(_ count: Int, _ color: RGB, _ canvas: Canvas, _ random: inout SplitMix64) -> String {
        var path = ""
        for _ in 0..<count {
            let x = random.below(canvas.width)
            let y = random.below(canvas.height)
            path += "M\(x) \(y)l\(random.below(7) - 3) -\(4 + random.below(6))"
        }
        return "<path d=\"\(path)\" stroke=\"\(color.svg)\" stroke-width=\"1.2\"/>"
    }

    private func waves(_ color: RGB, _ canvas: Canvas, _ random: inout SplitMix64) -> String {
        var path = ""
        for row in stride(from: random.below(16), to: canvas.height, by: 17) {
            path += "M\(-random.below(24)) \(row)"
            for _ in 0...(canvas.width / 24 + 1) { path += "q6 -5 12 0t12 0" }
        }
        return "<path d=\"\(path)\" stroke=\"\(color.svg)\" stroke-width=\"1.6\" fill=\"none\"/>"
    }

    private func planks(_ canvas: Canvas, _ random: inout SplitMix64) -> String {
        var seams = ""
        var grain = ""
        let height = 26 + random.below(12)
        for top in stride(from: -random.below(height), to: canvas.height, by: height) {
            seams += "M0 \(top)H\(canvas.width)"
            for line in 1..<4 {
                let y = top + height * line / 4 + random.below(4) - 2
                grain += "M0 \(y)q\(canvas.width / 2) \(random.below(9) - 4) \(canvas.width) 0"
            }
        }
        return "<path d=\"\(grain)\" stroke=\"rgb(164,112,62)\" stroke-width=\"1\" fill=\"none\"/>"
            + "<path d=\"\(seams)\" stroke=\"rgb(112,70,36)\" stroke-width=\"2\"/>"
    }

    private func mortar(_ canvas: Canvas, _ random: inout SplitMix64) -> String {
        var path = ""
        let height = 16
        let width = 34
        let shift = random.below(width)
        for (row, top) in stride(from: -random.below(height), to: canvas.height, by: height).enumerated() {
            path += "M0 \(top)H\(canvas.width)"
            for left in stride(from: (row.isMultiple(of: 2) ? 0 : width / 2) - shift, to: canvas.width, by: width) {
                path += "M\(left) \(top)v\(height)"
            }
        }
        return "<path d=\"\(path)\" stroke=\"rgb(206,184,170)\" stroke-width=\"2\"/>"
    }
}
