import DiptychCheckpoints
import DiptychEngine
import DiptychModels
import Foundation
import Testing

/// ViCLIP's towers against numbers that the authors' modules gave in float32 (OpenGVLab/InternVideo, revision 3965eef) for parameters
/// and inputs that follow from a seed.
@Suite struct ViCLIPParityTests {
    /// The generator of parameters and inputs: 32 bits, linear congruential.
    struct Numbers {
        var state: UInt32
        mutating func next() -> Double {
            state = state &* 1_664_525 &+ 1_013_904_223
            return Double(state >> 8) / 16_777_216 - 0.5
        }
        mutating func values(_ count: Int, scale: Double = 2) -> [Float] {
            (0..<count).map { _ in Float(scale * next()) }
        }
    }

    static func blocks(_ width: Int, _ layers: Int) -> [String: [Int]] {
        var shapes: [String: [Int]] = [:]
        for layer in 0..<layers {
            let place = "transformer.resblocks.\(layer)."
            shapes[place + "attn.in_proj_weight"] = [3 * width, width]
            shapes[place + "attn.in_proj_bias"] = [3 * width]
            shapes[place + "attn.out_proj.weight"] = [width, width]
            shapes[place + "attn.out_proj.bias"] = [width]
            shapes[place + "mlp.c_fc.weight"] = [4 * width, width]
            shapes[place + "mlp.c_fc.bias"] = [4 * width]
            shapes[place + "mlp.c_proj.weight"] = [width, 4 * width]
            shapes[place + "mlp.c_proj.bias"] = [width]
            for name in ["ln_1.weight", "ln_1.bias", "ln_2.weight", "ln_2.bias"] { shapes[place + name] = [width] }
        }
        return shapes
    }

    static let vision = blocks(32, 2).merging([
        "class_embedding": [32], "positional_embedding": [17, 32], "temporal_positional_embedding": [1, 4, 32],
        "proj": [32, 16], "conv1.weight": [32, 3, 1, 8, 8], "ln_pre.weight": [32], "ln_pre.bias": [32],
        "ln_post.weight": [32], "ln_post.bias": [32],
    ]) { $1 }
    static let text = blocks(24, 2).merging([
        "positional_embedding": [8, 24], "text_projection": [24, 16], "token_embedding.weight": [64, 24],
        "ln_final.weight": [24], "ln_final.bias": [24],
    ]) { $1 }

    /// All keys in order from one stream with seed 1; one-dimensional weights about 1.
    static func filled(_ shapes: [String: [Int]], prefix: String) -> [String: TensorView] {
        var numbers = Numbers(state: 1)
        var tensors: [String: TensorView] = [:]
        for key in shapes.keys.sorted(by: { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }) {
            let shape = shapes[key] ?? []
            let base: Double = shape.count == 1 && key.hasSuffix("weight") ? 1 : 0
            let values = (0..<shape.reduce(1, *)).map { _ in Float(base + 0.3 * numbers.next()) }
            tensors[prefix + key] = TensorView(name: prefix + key, shape: shape, floats: values)
        }
        return tensors
    }

    static let checkpoint = Checkpoint(
        path: "tiny",
        tensors: filled(vision, prefix: "vision_encoder.").merging(filled(text, prefix: "text_encoder.")) { $1 })
    static let clips = Numbers.inputs(seed: 2, count: 2 * 4 * 3 * 32 * 32)

    static func configuration() throws -> ViCLIPConfiguration {
        try ViCLIPConfiguration(inferredFrom: checkpoint, heads: HeadCounts(image: 2, text: 2))
    }

    static func video(_ engine: CPUEngine, _ pixels: PixelBatch, frames: Int) throws -> [Float] {
        try engine.floats(
            of: configuration().videoTower(Parameters(checkpoint), engine: engine)(engine.pixels(pixels), frames))
    }

    static func texts(_ engine: CPUEngine) throws -> [Float] {
        let tower = try #require(try configuration().textTower(Parameters(checkpoint), engine: engine))
        let batch = TokenBatch([[62, 5, 9, 63, 0, 0, 0, 0], [62, 1, 2, 3, 4, 5, 6, 63]])
        return try engine.floats(of: tower(engine.tokens(batch)))
    }

    static func expectClose(_ values: some Sequence<Float>, _ expected: [Float], _ comment: Comment? = nil) {
        #expect(zip(values, expected).allSatisfy { abs($0 - $1) < 1e-4 }, comment)
    }

    @Test func `Names and sizes are read from the shapes`() throws {
        let configuration = try Self.configuration()
        #expect(Self.vision.count == 33 && Self.text.count == 29)
        #expect(configuration.imageSize == 32 && configuration.frames == 4 && configuration.embeddingDimension == 16)
        Self.expectClose(
            try #require(Self.checkpoint.tensors["vision_encoder.class_embedding"]).floats(),
            [-0.079063, -0.039219, 0.001273, 0.061465])
        #expect(throws: ConfigurationError.self) { try ViCLIPConfiguration(inferredFrom: Self.checkpoint) }
    }

    @Test func `Clips, images and texts`() throws {
        let engine = try CPUEngine(precision: .fp32, threads: 2)
        let clips = try Self.video(engine, PixelBatch(values: Self.clips, count: 8, size: 32), frames: 4)
        Self.expectClose(clips, [0.337026, -0.421482, -0.284035, 0.170965, -0.877795, -0.601469, 0.924154, 0.207193])
        Self.expectClose(clips[16...], [0.279675, -0.427130, -0.286488, 0.189890])
        #expect(abs(clips.map(abs).reduce(0, +) - 13.526527) < 13.526527e-5)

        // The first frame of each clip as an image gets the mean of the times.
        let size = 3 * 32 * 32
        let first = Array(Self.clips[..<size] + Self.clips[(4 * size)..<(5 * size)])
        let images = try Self.video(engine, PixelBatch(values: first, count: 2, size: 32), frames: 1)
        Self.expectClose(images, [0.381411, -0.388996, -0.256960, 0.220563, -0.906440, -0.583507, 0.920688, 0.169771])
        #expect(abs(images.map(abs).reduce(0, +) - 13.411325) < 13.411325e-5)

        let texts = try Self.texts(engine)
        Self.expectClose(texts, [1.129408, -0.207417, 0.497274, -0.374805, 0.464895, -0.266231, 0.076543, 0.650996])
        Self.expectClose(texts[16...], [1.055424, -0.607346, 0.798141, -0.319797])
        #expect(abs(texts.map(abs).reduce(0, +) - 14.718104) < 14.718104e-5)
        func cosine(_ clip: Int, _ text: Int) -> Float {
            let (a, b) = (clips[16 * clip..<16 * clip + 16], texts[16 * text..<16 * text + 16])
            let dot = zip(a, b).map(*).reduce(0, +)
            return dot / (a.map { $0 * $0 }.reduce(0, +) * b.map { $0 * $0 }.reduce(0, +)).squareRoot()
        }
        Self.expectClose(
            [cosine(0, 0), cosine(0, 1), cosine(1, 0), cosine(1, 1)], [0.145307, 0.320916, 0.119010, 0.296135])
    }

    @Test(arguments: [Precision.bf16, .int8]) func `Other precisions stay close`(precision: Precision) throws {
        let pixels = PixelBatch(values: Self.clips, count: 8, size: 32)
        let exact = try Self.video(CPUEngine(precision: .fp32, threads: 1), pixels, frames: 4)
        let rounded = try Self.video(CPUEngine(precision: precision, threads: 2), pixels, frames: 4)
        #expect(CLIPParityTests.worst(rounded, exact, dimension: 16) <= (precision == .bf16 ? 2e-3 : 1e-2))
    }

    @Test func `A clip alone and in a batch agree, and leftover frames are refused`() throws {
        let engine = try CPUEngine(precision: .fp32, threads: 2)
        let both = try Self.video(engine, PixelBatch(values: Self.clips, count: 8, size: 32), frames: 4)
        let one = try Self.video(
            engine, PixelBatch(values: Array(Self.clips[..<(Self.clips.count / 2)]), count: 4, size: 32), frames: 4)
        Self.expectClose(one, Array(both[..<16]))
        #expect(throws: EngineError.self) {
            _ = try Self.video(engine, PixelBatch(values: Self.clips, count: 8, size: 32), frames: 3)
        }
    }

    /// PyTorch's `interpolate(mode: linear, align_corners: false)` of 0, 10, 20, 30 to eight: edges repeat, others lie at quarters.
    @Test func `Times for other numbers of frames`() {
        let stored: [Float] = [0, 10, 20, 30]
        func times(_ frames: Int) -> [Float] {
            ViCLIPConfiguration.times(stored, stored: 4, width: 1, frames: frames)
        }
        #expect(times(4) == stored)
        #expect(times(2) == [0, 10])
        #expect(times(1) == [15])
        #expect(times(8) == [0, 2.5, 7.5, 12.5, 17.5, 22.5, 27.5, 30])
    }

    @Test func `A missing, misshapen or extra tensor is named`() throws {
        var tensors = Self.checkpoint.tensors
        tensors["vision_encoder.ln_pre.bias"] = nil
        let root = Parameters(Checkpoint(path: "tiny", tensors: tensors))
        let engine = try CPUEngine(precision: .fp32, threads: 1)
        let configuration = try Self.configuration()
        #expect(throws: CheckpointError.self) { _ = try configuration.videoTower(root, engine: engine) }
    }
}

extension ViCLIPParityTests.Numbers {
    static func inputs(seed: UInt32, count: Int) -> [Float] {
        var numbers = Self(state: seed)
        return numbers.values(count)
    }
}
