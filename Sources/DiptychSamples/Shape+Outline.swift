import Foundation

extension Shape {
    /// The outline as the `d` of an SVG path, in a circle of radius 1 around the origin, y down.
    /// Numbers are written once here, so a scene costs no trigonometry.
    var outline: String { Self.outlines[self] ?? "" }

    private static let outlines: [Shape: String] = Dictionary(
        uniqueKeysWithValues: Shape.allCases.map { ($0, $0.makeOutline()) })

    private func makeOutline() -> String {
        switch self {
        case .circle: "M-0.95,0A0.95,0.95 0 1 1 0.95,0A0.95,0.95 0 1 1 -0.95,0Z"
        case .square: "M-0.84,-0.84H0.84V0.84H-0.84Z"
        case .triangle: Self.polygon(corners: 3, from: -90, radius: 1.05, lift: 0.18)
        case .star: Self.star()
        case .heart:
            "M0,0.92C-0.5,0.5 -1,0.12 -1,-0.34C-1,-0.72 -0.72,-0.9 -0.48,-0.9C-0.24,-0.9 -0.08,-0.74 0,-0.55"
                + "C0.08,-0.74 0.24,-0.9 0.48,-0.9C0.72,-0.9 1,-0.72 1,-0.34C1,0.12 0.5,0.5 0,0.92Z"
        case .hexagon: Self.polygon(corners: 6, from: 0, radius: 1, lift: 0)
        case .ring:
            "M-0.96,0A0.96,0.96 0 1 1 0.96,0A0.96,0.96 0 1 1 -0.96,0Z"
                + "M-0.58,0A0.58,0.58 0 1 0 0.58,0A0.58,0.58 0 1 0 -0.58,0Z"
        case .cross:
            "M-0.3,-0.95H0.3V-0.3H0.95V0.3H0.3V0.95H-0.3V0.3H-0.95V-0.3H-0.3Z"
        case .diamond: "M0,-1L0.66,0L0,1L-0.66,0Z"
        case .moon: "M0.42,-0.9A0.98,0.98 0 1 0 0.42,0.9A0.76,0.76 0 1 1 0.42,-0.9Z"
        case .flower: Self.flower()
        case .arrow: "M-0.95,-0.26H0.15V-0.72L0.98,0L0.15,0.72V0.26H-0.95Z"
        }
    }

    private static func number(_ value: Double) -> String {
        let thousandths = Int((value * 1000).rounded())
        return "\(Double(thousandths) / 1000)"
    }

    private static func point(_ degrees: Double, _ radius: Double, lift: Double = 0) -> String {
        let angle = degrees * .pi / 180
        return number(cos(angle) * radius) + "," + number(sin(angle) * radius + lift)
    }

    private static func polygon(corners: Int, from start: Double, radius: Double, lift: Double) -> String {
        let points = (0..<corners).map { point(start + 360 / Double(corners) * Double($0), radius, lift: lift) }
        return "M" + points.joined(separator: "L") + "Z"
    }

    private static func star() -> String {
        let points = (0..<10).map { point(-90 + 36 * Double($0), $0.isMultiple(of: 2) ? 1.05 : 0.44, lift: 0.05) }
        return "M" + points.joined(separator: "L") + "Z"
    }

    /// Five round petals; a renderer adds the centre.
    private static func flower() -> String {
        let petals = (0..<5).map { index -> String in
            let middle = -90 + 72 * Double(index)
            return "L\(point(middle - 36, 0.35))A0.39,0.39 0 1 1 \(point(middle + 36, 0.35))"
        }
        return "M" + point(-126, 0.35) + petals.joined() + "Z"
    }
}
