import Foundation
import StoreSimulation

/// Runs simulated stores whose file systems fail: `swift run sim [--seed N] [--runs N] [--steps N]`. A failure is printed with its
/// seed and all steps that led to it.
@main struct Sim {
    static func main() async {
        func option(_ name: String, _ usual: Int) -> Int {
            let arguments = CommandLine.arguments
            guard let place = arguments.firstIndex(of: name), place + 1 < arguments.count else { return usual }
            return Int(arguments[place + 1]) ?? usual
        }
        let (first, runs, steps) = (option("--seed", 1), option("--runs", 1), option("--steps", 60))
        var faults = 0
        for seed in first..<first + max(0, runs) {
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
                "diptych-sim-\(UUID().uuidString)")
            do {
                try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
                defer { try? FileManager.default.removeItem(at: folder) }
                let simulation = try await StoreSimulation(in: folder, seed: UInt64(seed))
                try await simulation.run(steps: steps)
                faults += simulation.faults
            } catch {
                print("seed \(seed) fails:\n\(error)\nagain: swift run sim --seed \(seed) --steps \(steps)")
                exit(1)
            }
        }
        print("\(runs) runs of \(steps) steps from seed \(first): all well, \(faults) faults")
    }
}
