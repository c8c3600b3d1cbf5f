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
        /// Which groups of them are shown; nil for all.
        var shown: [Int?]
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
        change = random.pick([.appears, .vanishes, .recolours, .moves])
        frames = [0, 1].map { _ in 30 + random.below(31) }
        switch change {
        case .cut, .appears, .vanishes:
            let both = Arrangement.two(colors: colors, using: &random)
            arrangements = [both, both]
            let kept = random.below(2)
            shown = change == .appears ? [kept, nil] : [nil, kept]
        case .recolours:
            let first = Arrangement.two(colors: colors, using: &random)
            let old = first.groups[0].color
            let others = colors.filter { $0 != old && $0 != first.groups[1].color }
            arrangements = [first, first.recoloured(random.pick(others), group: 0)]
            shown = [nil, nil]
        case .moves:
            var group = ObjectGroup.random(colors: colors, using: &random)
            (group.count, group.size, group.texture) = (1, random.pick(Size.allCases), .plain)
            let from = random.pick(Place.allCases)
            arrangements = [
                .alone(group, from), .alone(group, random.pick(Place.allCases.filter { $0 != from })),
            ]
            shown = [nil, nil]
        }
        chance = SplitMix64(seed: random.next(), index: 0, purpose: 0x51de3)
    }

    /// Gives the first group another colour, in both moments.
    fileprivate mutating func recolour(using random: inout SplitMix64) {
        let used = Set(arrangements.flatMap { $0.groups.map(\.color) })
        let colors = Color.allCases.filter { !backdrop.hides.contains($0) && !used.contains($0) }
        guard !colors.isEmpty else { return }
        let color = random.pick(colors)
        // Where the first group changes, the other one tells the two videos apart.
        let group = change == .recolours || shown.contains(1) ? 1 : 0
        arrangements = arrangements.map { $0.recoloured(color, group: group) }
    }

    private func captions(_ turn: Int, _ only: Int?, using random: inout SplitMix64) -> Captions {
        let scene = Scene(arrangements[turn], before: backdrop)
        let detail = Detail(onlyGroup: only)
        let english = scene.englishSentence(detail, using: &random)
        return Captions(english: english, chinese: scene.chineseSentence(detail, using: &random))
    }

    /// What is to be seen in the first or second moment.
    fileprivate func captions(of turn: Int, using random: inout SplitMix64) -> Captions {
        captions(turn, shown[turn], using: &random)
    }

    /// What happens between the two.
    fileprivate func event(using random: inout SplitMix64) -> Captions {
        let (before, after) = (arrangements[0].groups, arrangements[1].groups)
        let detail = Detail(backdrop: false)
        func said(_ group: ObjectGroup) -> Captions {
            let scene = Scene(.alone(group, .middle), before: backdrop)
            var only = detail
            only.onlyGroup = 0
            // A title such as "a picture of" would not fit in.
            let english = scene.arrangement.groups[0].english(only, using: &random)
            return Captions(
                english: english, chinese: scene.arrangement.groups[0].chinese(only, using: &random))
        }
        switch change {
        case .cut, .appears:
            let new = said(after[1 - (shown[0] ?? 0)])
            return Captions(english: new.english + " appearing", chinese: "出现" + new.chinese)
        case .vanishes:
            let gone = said(before[1 - (shown[1] ?? 0)])
            return Captions(english: gone.english + " vanishing", chinese: gone.chinese + "消失")
        case .recolours:
            let old = said(before[0])
            let color = after[0].color
            return Captions(
                english: old.english + " turning \(color.rawValue)", chinese: old.chinese + "变成\(color.chinese)色")
        case .moves:
            guard case .alone(let group, _) = arrangements[0], case .alone(_, let place) = arrangements[1] else {
                return captions(1, nil, using: &random)
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
    fileprivate func recoloured(_ color: Color, group index: Int) -> Arrangement {
        var groups = groups
        guard groups.indices.contains(index) else { return self }
        groups[index].color = color
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
