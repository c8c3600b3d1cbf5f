/// A small seeded generator of random numbers, equal on every machine: SplitMix64 (Steele, Lea and Flood, 2014).
///
/// The standard library's own generator cannot be seeded, and its helpers (`shuffled`, `random(in:)`) may change how
/// they use a generator between releases, so everything that decides an image is drawn by the methods here.
package struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    package init(seed: UInt64) {
        state = seed
    }

    /// A stream of its own for (seed, index, purpose): neighbouring values give unrelated streams.
    package init(seed: UInt64, index: Int, purpose: UInt64) {
        var mixer = SplitMix64(seed: seed)
        let first = mixer.next()
        var second = SplitMix64(seed: first ^ UInt64(bitPattern: Int64(index)))
        let middle = second.next()
        var third = SplitMix64(seed: middle ^ purpose)
        state = third.next()
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }

    /// A number in [0, 1) with 53 random bits.
    package mutating func unit() -> Double {
        Double(next() >> 11) * 0x1p-53
    }

    /// A number in [low, high).
    package mutating func between(_ low: Double, _ high: Double) -> Double {
        low + (high - low) * unit()
    }

    /// A whole number in 0 ..< count; `count` is small, so the bias of the multiplication is far below 1e-15.
    package mutating func below(_ count: Int) -> Int {
        min(Int(unit() * Double(count)), count - 1)
    }

    /// True with the given probability.
    package mutating func chance(_ probability: Double) -> Bool {
        unit() < probability
    }

    /// One of the choices, which must not be empty.
    package mutating func pick<Choice>(_ choices: [Choice]) -> Choice {
        choices[below(choices.count)]
    }

    /// One of the choices, each as often as its weight says.
    package mutating func pick<Choice>(weighted choices: [(Choice, Double)]) -> Choice {
        var left = unit() * choices.reduce(0) { $0 + $1.1 }
        for (choice, weight) in choices {
            left -= weight
            if left < 0 { return choice }
        }
        return choices[choices.count - 1].0
    }
}
