internal import Foundation

/// What a store takes from outside besides its disk. Tests put others in their place, so that all that a run does follows from a seed.
package struct StoreSurroundings: Sendable {
    /// The time, in seconds since 1970.
    package var now: @Sendable () -> Double
    /// Numbers drawn by chance, all equally likely.
    package var chance: @Sendable () -> UInt64

    package init(now: @escaping @Sendable () -> Double, chance: @escaping @Sendable () -> UInt64) {
        (self.now, self.chance) = (now, chance)
    }

    /// Those of this task: the system's, unless a test says otherwise.
    @TaskLocal package static var current = StoreSurroundings(
        now: { Date().timeIntervalSince1970 }, chance: { .random(in: 0 ... .max) })
}

/// Draws from the surroundings, as they were when this was made.
struct SurroundingChance: RandomNumberGenerator {
    private let draw = StoreSurroundings.current.chance

    func next() -> UInt64 { draw() }
}
