internal import DiptychBasics

/// One to four equal objects.
public struct ObjectGroup: Codable, Hashable, Sendable {
    /// What the objects are.
    public var shape: Shape
    /// How many there are, 1 to 4.
    public var count: Int
    /// Their colour.
    public var color: Color
    /// Their pattern.
    public var texture: Texture
    /// Their size.
    public var size: Size

    /// A group of equal objects.
    public init(shape: Shape, count: Int, color: Color, texture: Texture, size: Size) {
        self.shape = shape
        self.count = count
        self.color = color
        self.texture = texture
        self.size = size
    }
}

/// Where a single group stands in a picture.
public enum Place: String, CaseIterable, Codable, Sendable {
    case middle, topLeft, topRight, bottomLeft, bottomRight
}

/// Which groups an image shows and how they stand to each other.
public enum Arrangement: Codable, Hashable, Sendable {
    /// One group alone.
    case alone(ObjectGroup, Place)
    /// One group to the left of another.
    case beside(left: ObjectGroup, right: ObjectGroup)
    /// One group above another.
    case stacked(above: ObjectGroup, below: ObjectGroup)
    /// Small objects within the outline of one large object.
    case nested(inside: ObjectGroup, around: ObjectGroup)

    /// The groups: left before right, above before below, inside before around.
    public var groups: [ObjectGroup] {
        switch self {
        case .alone(let group, _): [group]
        case .beside(let first, let second), .stacked(let first, let second), .nested(let first, let second):
            [first, second]
        }
    }
}

/// What one sample image shows: the image and its captions both follow from it.
///
/// ```swift
/// let scene = SampleSet(seed: 7).scene(at: 0)
/// print(scene.captionEnglish)
/// print(scene.captionChinese)
/// ```
public struct Scene: Hashable, Sendable {
    /// The groups of objects and their relation.
    public let arrangement: Arrangement
    /// What lies behind them.
    public let backdrop: Backdrop
    /// The seed of the set that the scene belongs to.
    let seed: UInt64
    /// The place of the scene in that set.
    let index: Int

    /// Draws the scene at `index` of the set with this seed: a pure function of both.
    init(seed: UInt64, index: Int) {
        var random = SplitMix64(seed: seed, index: index, purpose: 1)
        self.seed = seed
        self.index = index
        backdrop = random.pick(Backdrop.allCases)
        arrangement = Arrangement.random(before: backdrop, using: &random)
    }

    /// A scene that was decided elsewhere.
    init(_ arrangement: Arrangement, before backdrop: Backdrop) {
        (self.arrangement, self.backdrop, seed, index) = (arrangement, backdrop, 0, 0)
    }
}

extension Arrangement {
    fileprivate static func random(before backdrop: Backdrop, using random: inout SplitMix64) -> Arrangement {
        let colors = Color.allCases.filter { !backdrop.hides.contains($0) }
        switch random.below(100) {
        case ..<12:
            let group = ObjectGroup.random(colors: colors, using: &random)
            // A corner has room for one object, or two small ones.
            let fitsCorner = group.count == 1 || (group.count == 2 && group.size == .small)
            return .alone(group, fitsCorner ? random.pick(Place.allCases) : .middle)
        case ..<50:
            let (first, second) = pair(colors: colors, using: &random)
            return .beside(left: first, right: second)
        case ..<84:
            let (first, second) = pair(colors: colors, using: &random)
            return .stacked(above: first, below: second)
        default:
            var around = ObjectGroup.random(colors: colors, using: &random)
            around.count = 1
            around.size = .large
            around.shape = random.pick(Shape.allCases.filter(\.isContainer))
            // A ring shows the backdrop inside; everything else shows its own colour and pattern behind the others.
            let visible = Color.allCases.filter {
                around.shape == .ring ? colors.contains($0) && $0 != around.color : around.color.shows($0)
            }
            if around.shape != .ring { around.texture = .plain }
            var inside = ObjectGroup.random(colors: visible, using: &random)
            inside.count = min(inside.count, 3)
            inside.size = .small
            inside.texture = .plain
            return .nested(inside: inside, around: around)
        }
    }

    /// Two groups that differ in shape, and mostly in colour too.
    static func pair(colors: [Color], using random: inout SplitMix64) -> (ObjectGroup, ObjectGroup) {
        let first = ObjectGroup.random(colors: colors, using: &random)
        var second = ObjectGroup.random(colors: colors, using: &random)
        if second.shape == first.shape { second.shape = random.pick(Shape.allCases.filter { $0 != first.shape }) }
        return (first, second)
    }
}

extension Color {
    /// Whether objects of another colour can be told from a surface of this colour.
    fileprivate func shows(_ other: Color) -> Bool {
        let pairs: [Set<Color>] = [
            [.red, .orange], [.red, .brown], [.orange, .yellow], [.orange, .brown], [.blue, .purple],
            [.black, .brown], [.purple, .brown], [.yellow, .white], [.pink, .white],
        ]
        return other != self && !pairs.contains([self, other])
    }
}

extension ObjectGroup {
    static func random(colors: [Color], using random: inout SplitMix64) -> ObjectGroup {
        let size = random.pick(Size.allCases)
        let texture = random.pick(weighted: [(Texture.plain, 0.4), (.striped, 0.2), (.dotted, 0.2), (.checked, 0.2)])
        return ObjectGroup(
            shape: random.pick(Shape.allCases),
            count: random.pick(weighted: [(1, 0.4), (2, 0.25), (3, 0.2), (4, 0.15)]),
            color: random.pick(colors),
            // On a small object a pattern would hide the outline.
            texture: size == .large ? texture : .plain,
            size: size)
    }
}
