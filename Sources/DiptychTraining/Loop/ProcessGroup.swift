internal import DiptychEngine
internal import DiptychTorch
internal import Foundation

/// This process and those that train with it, if there are others: waiting for them, and naming one that does not come.
struct ProcessGroup {
    /// The others' group; nil for a process alone.
    let torch: TorchGroup?
    private let pulse: GroupPulse?

    init(_ torch: TorchGroup?) { (self.torch, pulse) = (torch, torch.map(GroupPulse.init)) }

    /// The processes, with this one.
    var size: Int { torch?.size ?? 1 }
    /// This process's number, from 0.
    var rank: Int { torch?.rank ?? 0 }
    /// Whether this process writes the files.
    var isFirst: Bool { rank == 0 }

    /// What `body` gives, which all processes do together.
    ///
    /// - Parameter step: the number of the step that is being made, from 1.
    /// - Throws: ``TrainingError`` that names the process which did not come.
    func together<Result>(step: Int, _ body: () throws -> Result) throws -> Result {
        guard let torch else { return try body() }
        do { return try body() } catch let error as EngineError {
            let silent = pulse?.silent() ?? []
            // Without process 0 nobody can be asked.
            let named = silent.contains(0) ? "process 0" : "process " + silent.map(String.init).joined(separator: ", ")
            let who = silent.isEmpty ? "a process of the \(torch.size) did not come" : "\(named) ended or hangs"
            throw TrainingError(
                "\(who), in step \(step) (\(error.description.prefix(160))); the same command goes on from the last checkpoint"
            )
        }
    }

    /// Waits until process 0 has written what it writes, however long that takes.
    ///
    /// - Throws: ``TrainingError`` where it is gone.
    func waitForFirst(_ key: String) throws {
        guard let torch else { return }
        if torch.rank == 0 { return try torch.tell(key, 1) }
        var misses = 0
        while torch.asked(key) == nil {
            misses = torch.asked("pulse/0") == nil ? misses + 1 : 0
            guard misses < 200 else {
                throw TrainingError("process 0 is gone; the same command goes on from the last checkpoint")
            }
            Thread.sleep(forTimeInterval: 0.05)
        }
    }
}
