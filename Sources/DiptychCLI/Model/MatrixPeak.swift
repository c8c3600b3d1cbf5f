import Diptych
import DiptychEngine
import DiptychCheckpoints
import Foundation

/// The speed of large matrix products on this machine: what a model's operations can be compared with.
enum MatrixPeak {
    private static let size = 2048
    private static let passes = 7

    /// The FLOP/s of the fastest of several [2048, 2048] · [2048, 2048] products by the engine that `description` names.
    static func measure(_ description: EngineDescription) throws -> Double {
        // Engines take their weights from checkpoints, so the matrices go through a small one.
        let path = FileManager.default.temporaryDirectory.path + "/diptych-\(getpid())-peak.safetensors"
        defer { unlink(path) }
        let shapes = [
            ("table.weight", [1, size]), ("positions.weight", [1, size]), ("norm.weight", [size]),
            ("norm.bias", [size]), ("product.weight", [size, size]),
        ]
        let writer = try SafetensorsWriter(path: path, tensors: shapes.map { (name: $0.0, shape: $0.1) })
        let row = (0..<size).map { Float($0 % 64) / 64 - 0.5 }
        for (_, shape) in shapes { for _ in 0..<(shape.reduce(1, *) / size) { try writer.append(row) } }
        try writer.finish()

        let root = Parameters(try Checkpoint(at: URL(fileURLWithPath: path)))
        let (engine, _) = try CPUFactory().makeEngine(
            EngineSettings(
                precision: description.precision, threads: description.threads, instructions: description.instructions))
        let table = try engine.prepare(
            TokenEmbeddingParameters(
                tokens: (root / "table").tensor("weight", shape: [1, size]),
                positions: (root / "positions").tensor("weight", shape: [1, size])))
        let norm = try engine.prepare(NormParameters(root / "norm", width: size, epsilon: 1e-5))
        let product = try engine.prepare(
            LinearParameters(root / "product", inputs: size, outputs: size, bias: false))
        let tokens = TokenBatch([[Int32]](repeating: [0], count: size))
        let input = try engine.layerNorm(engine.embed(tokens, with: table), norm, as: .operand)  // [2048, 2048]

        var best = Double.infinity
        for _ in 0...passes {  // the first one compiles the product
            let start = ContinuousClock.now
            _ = try engine.linear(input, product, activation: nil, as: .operand)
            best = min(best, (ContinuousClock.now - start) / .seconds(1))
        }
        return 2 * Double(size * size * size) / best
    }
}
