internal import DiptychBasics

/// What a group of objects is: one of the outlines that the sample images use.
public enum Shape: String, CaseIterable, Codable, Sendable {
    case circle, square, triangle, star, heart, hexagon, ring, cross, diamond, moon, flower, arrow

    /// Whether other objects can stand inside its outline.
    var isContainer: Bool {
        switch self {
        case .circle, .square, .hexagon, .heart, .ring, .diamond: true
        default: false
        }
    }
}

/// The colour of a group of objects.
public enum Color: String, CaseIterable, Codable, Sendable {
    case red, orange, yellow, green, blue, purple, pink, brown, black, white

    /// The colour in sRGB before an image's own small variation.
    var rgb: RGB {
        switch self {
        case .red: RGB(214, 38, 40)
        case .orange: RGB(245, 130, 22)
        case .yellow: RGB(250, 216, 40)
        case .green: RGB(40, 155, 66)
        case .blue: RGB(38, 84, 210)
        case .purple: RGB(128, 56, 172)
        case .pink: RGB(246, 124, 182)
        case .brown: RGB(124, 72, 38)
        case .black: RGB(28, 28, 32)
        case .white: RGB(247, 247, 245)
        }
    }
}

/// How the surface of the objects is patterned.
public enum Texture: String, CaseIterable, Codable, Sendable {
    case plain, striped, dotted, checked
}

/// How large the objects are; the two ranges of diameters do not meet for a given count.
public enum Size: String, CaseIterable, Codable, Sendable {
    case small, large
}

/// What lies behind the objects.
public enum Backdrop: String, CaseIterable, Codable, Sendable {
    case white, black, gray, green, blue, pink, yellow, purple
    case sunset, night, sand, grass, sea, snow, wood, brick

    /// Colours that would be hard to see in front of it, or that would make "a green star on green" of a caption.
    var hides: Set<Color> {
        switch self {
        case .white: [.white]
        case .black: [.black, .brown]
        case .gray: [.white]
        case .green: [.green]
        case .blue: [.blue]
        case .pink: [.pink, .white]
        case .yellow: [.yellow, .white]
        case .purple: [.purple, .pink]
        case .sunset: [.orange, .pink, .purple, .red]
        case .night: [.black, .blue, .purple, .brown]
        case .sand: [.yellow, .white, .orange]
        case .grass: [.green]
        case .sea: [.blue]
        case .snow: [.white]
        case .wood: [.brown, .orange]
        case .brick: [.red, .brown, .orange]
        }
    }
}

/// An 8-bit sRGB colour.
struct RGB {
    var red: Double
    var green: Double
    var blue: Double

    init(_ red: Double, _ green: Double, _ blue: Double) {
        self.red = red
        self.green = green
        self.blue = blue
    }

    /// The colour moved towards `other` by `share` of the way.
    func mixed(with other: RGB, _ share: Double) -> RGB {
        RGB(
            red + (other.red - red) * share, green + (other.green - green) * share, blue + (other.blue - blue) * share)
    }

    /// The colour with every channel moved by at most `amount`.
    func varied(by amount: Double, using random: inout SplitMix64) -> RGB {
        RGB(
            red + random.between(-amount, amount), green + random.between(-amount, amount),
            blue + random.between(-amount, amount))
    }

    /// Rec. 601 luma, 0 to 255.
    var luma: Double { 0.299 * red + 0.587 * green + 0.114 * blue }

    /// The notation of SVG.
    var svg: String {
        func channel(_ value: Double) -> Int { Int(min(max(value, 0), 255).rounded()) }
        return "rgb(\(channel(red)),\(channel(green)),\(channel(blue)))"
    }
}
