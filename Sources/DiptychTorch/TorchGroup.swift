internal import CTorch
internal import DiptychEngine

/// Processes that train together: c10d's store over TCP and Gloo, which libtorch brings. A process belongs to one group.
public struct TorchGroup: Sendable {
    /// This process's number.
    public let rank: Int
    /// The number of processes.
    public let size: Int
    private let plugin: TorchPlugin

    /// Joins the others, and waits until all are there.
    ///
    /// - Parameters:
    ///   - host: the machine of process 0.
    ///   - port: a port that is free there.
    ///   - seconds: how long another process is waited for, now and at each step.
    /// - Throws: ``EngineError`` where the port is taken, or others do not come.
    public static func join(
        _ plugin: TorchPlugin, host: String, port: Int, rank: Int, size: Int, seconds: Int
    ) throws -> TorchGroup {
        guard size > 0, (0..<size).contains(rank), (1..<65_536).contains(port) else {
            throw EngineError("process \(rank) of \(size) at port \(port) is none that can be joined")
        }
        let status = plugin.functions.join_group(
            host, Int32(port), Int32(clamping: rank), Int32(clamping: size), rank == 0 ? 1 : 0, Int32(clamping: seconds)
        )
        guard status == 0 else {
            throw EngineError(
                "process \(rank) of \(size) cannot join the others at \(host):\(port): \(plugin.lastError); check that the port is "
                    + "free and can be reached, and that all processes were started")
        }
        return TorchGroup(rank: rank, size: size, plugin: plugin)
    }

    /// Leaves the group.
    public func leave() { _ = plugin.functions.leave_group() }

    /// Says a number for all to ask for.
    public func tell(_ key: String, _ number: Int) throws {
        guard plugin.functions.tell_group(key, Int64(number)) == 0 else { throw plugin.lastError }
    }

    /// A number that was said; nil where none was, or nobody keeps it any more.
    public func asked(_ key: String) -> Int? {
        let number = plugin.functions.asked_group(key)
        return number < 0 ? nil : Int(number)
    }
}

extension TorchEngine {
    /// Every process's rows, in the order of processes.
    ///
    /// - Parameter follows: whether gradients go back to the process that a row came from.
    public func gathered(_ x: TorchValue, follows: Bool) throws -> TorchValue {
        try plugin.make(x) { $0.gather($1, follows ? 1 : 0) }
    }

    /// The sums of every process's numbers.
    public func groupSum(_ numbers: [Double]) throws -> [Double] {
        let x = try plugin.tensor(numbers, shape: [numbers.count], device: .cpu, type: Int32(DIPTYCH_TORCH_F64))
        return try plugin.doubles(of: plugin.make(x) { $0.group_sum($1) }, count: numbers.count)
    }

    /// Gives every process the mean of all processes' gradients.
    public func averageGradients(of parameters: [TorchParameter]) throws {
        let functions = plugin.functions
        let status = plugin.withPointers(parameters.map(\.value)) {
            functions.average_gradients($0, Int32(clamping: $0.count))
        }
        guard status == 0 else { throw plugin.lastError }
    }
}
