public import DiptychEngine

/// What a model runs on.
public struct EngineDescription: Sendable {
    /// The engine's name, such as "cpu" or "torch 2.13.0 on cuda:0".
    public let name: String
    /// The widest vector instructions in use.
    public let instructions: InstructionSet
    /// The number of threads.
    public let threads: Int
    /// The number format of matrix operands.
    public let precision: Precision
    /// Why this precision.
    public let reason: String
}
