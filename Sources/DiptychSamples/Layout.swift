internal import DiptychBasics

/// One object with its position: lengths are shares of the side of the central square, the origin is its top left.
struct PlacedObject {
    var group: ObjectGroup
    var x: Double
    var y: Double
    var diameter: Double
    /// Degrees clockwise.
    var rotation: Double
}

/// A part of the central square.
private struct Region {
    var x: Double
    var y: Double
    var width: Double
    var height: Double
}

extension Scene {
    /// The objects from back to front. All stay inside the central square, so that a centre crop keeps what the
    /// captions speak of.
    func layout(using random: inout SplitMix64) -> [PlacedObject] {
        let edge = 0.02
        // The border between two groups moves a little, and a gap keeps the relation beyond doubt.
        let border = random.between(0.47, 0.53)
        let gap = 0.02
        switch arrangement {
        case .alone(let group, let place):
            return Self.place(group, in: place.region, using: &random)
        case .beside(let left, let right):
            let first = Region(x: edge, y: edge, width: border - gap - edge, height: 1 - 2 * edge)
            let second = Region(x: border + gap, y: edge, width: 1 - edge - border - gap, height: 1 - 2 * edge)
            return Self.place(left, in: first, using: &random) + Self.place(right, in: second, using: &random)
        case .stacked(let above, let below):
            let first = Region(x: edge, y: edge, width: 1 - 2 * edge, height: border - gap - edge)
            let second = Region(x: edge, y: border + gap, width: 1 - 2 * edge, height: 1 - edge - border - gap)
            return Self.place(above, in: first, using: &random) + Self.place(below, in: second, using: &random)
        case .nested(let inside, let around):
            let diameter = random.between(0.82, 0.94)
            let centre = PlacedObject(
                group: around, x: 0.5 + random.between(-0.02, 0.02), y: 0.5 + random.between(-0.02, 0.02),
                diameter: diameter, rotation: around.shape.rotation(using: &random))
            let side = diameter * 0.46
            let region = Region(x: centre.x - side / 2, y: centre.y - side / 2, width: side, height: side)
            return [centre] + Self.place(inside, in: region, using: &random)
        }
    }

    private static func place(
        _ group: ObjectGroup, in region: Region, using random: inout SplitMix64
    ) -> [PlacedObject] {
        let cells = cells(for: group.count, in: region, using: &random)
        let (low, high) = group.diameters
        let wanted = random.between(low, high)
        return cells.map { cell in
            let diameter = min(wanted * random.between(0.97, 1.03), min(cell.width, cell.height))
            let freeX = (cell.width - diameter) / 2 * 0.8
            let freeY = (cell.height - diameter) / 2 * 0.8
            return PlacedObject(
                group: group, x: cell.x + cell.width / 2 + random.between(-freeX, freeX),
                y: cell.y + cell.height / 2 + random.between(-freeY, freeY), diameter: diameter,
                rotation: group.shape.rotation(using: &random))
        }
    }

    /// Cuts a region into one cell an object: a row or column for up to three, or a grid of two by two.
    private static func cells(for count: Int, in region: Region, using random: inout SplitMix64) -> [Region] {
        let ratio = region.width / region.height
        let isWide = ratio > 1.3 || (ratio > 0.77 && random.chance(0.5))
        if count == 4 || (count == 3 && ratio > 0.77 && ratio < 1.3) {
            let width = region.width / 2
            let height = region.height / 2
            let grid = [(0.0, 0.0), (1, 0), (0, 1), (1, 1)].map { column, row in
                Region(x: region.x + column * width, y: region.y + row * height, width: width, height: height)
            }
            let missing = random.below(4)
            return count == 4 ? grid : grid.enumerated().filter { $0.offset != missing }.map(\.element)
        }
        return (0..<count).map { index in
            let share = 1 / Double(count)
            return isWide
                ? Region(
                    x: region.x + region.width * share * Double(index), y: region.y, width: region.width * share,
                    height: region.height)
                : Region(
                    x: region.x, y: region.y + region.height * share * Double(index), width: region.width,
                    height: region.height * share)
        }
    }
}

extension ObjectGroup {
    /// The range of diameters: the more objects, the less room for each.
    fileprivate var diameters: (Double, Double) {
        switch (size, count) {
        case (.small, 1): (0.19, 0.23)
        case (.small, 2): (0.17, 0.21)
        case (.small, 3): (0.15, 0.19)
        case (.small, _): (0.13, 0.16)
        case (.large, 1): (0.38, 0.45)
        case (.large, 2): (0.35, 0.42)
        case (.large, 3): (0.26, 0.30)
        case (.large, _): (0.21, 0.23)
        }
    }
}

extension Place {
    fileprivate var region: Region {
        switch self {
        case .middle: Region(x: 0.12, y: 0.12, width: 0.76, height: 0.76)
        case .topLeft: Region(x: 0.02, y: 0.02, width: 0.45, height: 0.45)
        case .topRight: Region(x: 0.53, y: 0.02, width: 0.45, height: 0.45)
        case .bottomLeft: Region(x: 0.02, y: 0.53, width: 0.45, height: 0.45)
        case .bottomRight: Region(x: 0.53, y: 0.53, width: 0.45, height: 0.45)
        }
    }
}

extension Shape {
    /// How an object is turned: a little, so that a square stays a square and not a diamond; an arrow points anywhere.
    fileprivate func rotation(using random: inout SplitMix64) -> Double {
        switch self {
        case .arrow: random.between(0, 360)
        case .ring, .circle, .flower: random.between(0, 90)
        default: random.between(-11, 11)
        }
    }
}
