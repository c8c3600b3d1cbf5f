internal import DiptychBasics

/// What one sample video shows: shots, each of which changes once without a cut.
///
/// Videos come in pairs of look-alikes: the second has the first one's scenes with other colours.
struct VideoStory {
    /// What is to be seen for a while.
    struct Moment {
        /// The first frame, counted from the video's beginning.
        var firstFrame: Int
        /// How many frames it takes.
        var frameCount: Int
        /// How it begins.
        var beginning: Beginning
        /// What is said about it.
        var captions: Captions
        /// What is said about its beginning.
        var event: Captions
    }

    /// How a moment begins.
    enum Beginning: String, CaseIterable {
        /// With another scene.
        case cut
        /// A group of objects appears beside another one.
        case appears
        /// One of two groups vanishes.
        case vanishes
        /// A group becomes another colour.
        case recolours
        /// An object goes from one place to another.
        case moves
    }

    /// Frames between two cuts: two moments before one backdrop.
    struct Shot {
        var backdrop: Backdrop
        /// What is there in the first moment, and in the second.
        var arrangements: [Arrangement]
        var change: Beginning
        /// How many frames each of the two moments takes.
        var frames: [Int]
        /// Where the drawing's own chance begins.
        var chance: SplitMix64
    }

    /// Frames a second.
    static let rate = 10

    let shots: [Shot]

    init(seed: UInt64, index: Int) {
        // Both of a pair are made of the same numbers.
        var random = SplitMix64(seed: seed, index: index & ~1, purpose: 0x51de0)
        let count = 2 + random.below(2)
        var shots = (0..<count).map { _ in Shot(using: &random) }
        if index & 1 == 1 {
            var other = SplitMix64(seed: seed, index: index, purpose: 0x51de1)
            for place in shots.indices { shots[place].recolour(using: &other) }
        }
        self.shots = shots
    }

    /// The moments, one after the other.
    func moments(seed: UInt64, index: Int) -> [Moment] {
        var random = SplitMix64(seed: seed, index: index, purpose: 0x51de2)
        var frame = 0
        return shots.flatMap { shot in
            (0..<2).map { turn in
                defer { frame += shot.frames[turn] }
                let captions = shot.captions(of: turn, using: &random)
                let beginning: Beginning = turn == 0 ? .cut : shot.change
                return Moment(
                    firstFrame: frame, frameCount: shot.frames[turn], beginning: beginning, captions: captions,
                    event: turn == 0 ? captions : shot.event(using: &random))
            }
        }
    }
}

extension VideoStory.Shot {
    fileprivate init(using random: inout SplitMix64) {
        let hidden: Set<Color>
        backdrop = random.pick(Backdrop.allCases)
        hidden = backdrop.hides
        let colors = Color.allCases.filter { !hidden.contains($0) }
        change = random.pick(weighted: [(.appears, 0.3), (.vanishes, 0.25), (.recolours, 0.3), (.moves, 0.15)])
        frames = [0, 1].map { _ in 30 + random.below(31) }
        switch change {
        case .cut, .appears, .vanishes:
            let both = Arrangement.two(colors: colors, using: &random)
            // What stands alone stands in the middle; it makes room for the other.
            let alone = Arrangement.alone(random.pick(both.groups), .middle)
            arrangements = change == .appears ? [alone, both] : [both, alone]
        case .recolours:
            let first = Arrangement.two(colors: colors, using: &random)
            let (old, other) = (first.groups[0], first.groups[1])
            let others = colors.filter { $0 != old.color && $0 != other.color }
            arrangements = [first, first.recoloured(old, random.pick(others))]
        case .moves:
            var group = ObjectGroup.random(colors: colors, using: &random)
            (group.count, group.size, group.texture) = (1, random.pick(Size.allCases), .plain)
            let from = random.pick(Place.allCases)
            arrangements = [
                .alone(group, from), .alone(group, random.pick(Place.allCases.filter { $0 != from })),
            ]
        }
        chance = SplitMix64(seed: random.next(), index: 0, purpose: 0x51de3)
    }

    /// The group that is there in both moments as it is.
    private var constant: ObjectGroup {
        let groups = arrangements[1].groups
        return arrangements[0].groups.first(where: groups.contains) ?? groups[0]
    }

    /// Gives what stays another colour, in both moments.
    fileprivate mutating func recolour(using random: inout SplitMix64) {
        let used = Set(arrangements.flatMap { $0.groups.map(\.color) }).union(backdrop.hides)
        let colors = Color.allCases.filter { !used.contains($0) }
        guard !colors.isEmpty else { return }
        let (group, color) = (constant, random.pick(colors))
        arrangements = arrangements.map { $0.recoloured(group, color) }
    }

    /// What is to be seen in the first or second moment.
    fileprivate func captions(of turn: Int, using random: inout SplitMix64) -> Captions {
        let scene = Scene(arrangements[turn], before: backdrop)
        let english = scene.englishSentence(Detail(), using: &random)
        return Captions(english: english, chinese: scene.chineseSentence(Detail(), using: &random))
    }

    /// What happens between the two.
    fileprivate func event(using random: inout SplitMix64) -> Captions {
        let (before, after) = (arrangements[0].groups, arrangements[1].groups)
        let kept = constant
        func said(_ group: ObjectGroup) -> Captions {
            let english = group.english(Detail(), using: &random)
            return Captions(english: english, chinese: group.chinese(Detail(), using: &random))
        }
        switch change {
        case .cut, .appears:
            let new = said(after.first { $0 != kept } ?? kept)
            return Captions(english: new.english + " appearing", chinese: "出现" + new.chinese)
        case .vanishes:
            let gone = said(before.first { $0 != kept } ?? kept)
            return Captions(english: gone.english + " vanishing", chinese: gone.chinese + "消失")
        case .recolours:
            let old = said(before[0])
            let color = after[0].color
            return Captions(
                english: old.english + " turning \(color.rawValue)", chinese: old.chinese + "变成\(color.chinese)色")
        case .moves:
            guard case .alone(let group, _) = arrangements[0], case .alone(_, let place) = arrangements[1] else {
                return captions(of: 1, using: &random)
            }
            let moved = said(group)
            return Captions(
                english: "\(moved.english) moving to \(place.goal)", chinese: "\(moved.chinese)移到\(place.chinese[0])")
        }
    }
}

extension Arrangement {
    /// Two groups, beside or above each other.
    fileprivate static func two(colors: [Color], using random: inout SplitMix64) -> Arrangement {
        let (first, second) = pair(colors: colors, using: &random)
        return random.chance(0.5) ? .beside(left: first, right: second) : .stacked(above: first, below: second)
    }

    /// The same with another colour of a group.
    fileprivate func recoloured(_ group: ObjectGroup, _ color: Color) -> Arrangement {
        let groups = groups.map { known in
            var known = known
            if known == group { known.color = color }
            return known
        }
        return switch self {
        case .alone(_, let place): .alone(groups[0], place)
        case .beside: .beside(left: groups[0], right: groups[1])
        case .stacked: .stacked(above: groups[0], below: groups[1])
        case .nested: .nested(inside: groups[0], around: groups[1])
        }
    }
}

extension Place {
    /// Where something goes that comes to this place.
    fileprivate var goal: String {
        switch self {
        case .middle: "the middle"
        case .topLeft: "the top left corner"
        case .topRight: "the top right corner"
        case .bottomLeft: "the bottom left corner"
        case .bottomRight: "the bottom right corner"
        }
    }
}
