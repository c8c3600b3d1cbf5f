internal import DiptychEngine
internal import DiptychModels
internal import DiptychCheckpoints

/// A model on one engine, whatever its type. It lives on one thread.
protocol EngineSession: AnyObject {
    /// The configuration that the engine was started with.
    var settings: EngineSettings { get }
    /// Text embeddings: [texts, dimension].
    func encode(_ tokens: TokenBatch) throws -> [Float]
    /// Image embeddings: [images, dimension].
    func encode(_ pixels: PixelBatch) throws -> [Float]
    /// Embeddings of clips of `frames` images each: [clips, dimension].
    func encode(clips pixels: PixelBatch, frames: Int) throws -> [Float]
    /// How long each operation of a pass over `pixels` takes: the median pass of `passes`, in order.
    func time(_ pixels: PixelBatch, passes: Int) throws -> [Duration]
    /// The same for the texts of all `batches`, one batch after the other.
    func time(_ batches: [TokenBatch], passes: Int) throws -> [Duration]
}

/// The towers of a model, prepared on an engine when they are first needed.
final class TowerSession<E: Engine>: EngineSession {
    let settings: EngineSettings
    private let engine: E
    private let definition: any ModelDefinition
    private let checkpoint: Checkpoint
    private var text: ((E.Tokens) throws -> E.Tensor)?
    private var image: ((E.Pixels) throws -> E.Tensor)?
    private var video: ((E.Pixels, Int) throws -> E.Tensor)?

    init(
        _ definition: any ModelDefinition, _ checkpoint: Checkpoint, _ factory: some EngineFactory<E>,
        _ settings: EngineSettings
    ) throws {
        (engine, self.settings) = try factory.makeEngine(settings)
        self.definition = definition
        self.checkpoint = checkpoint
    }

    func encode(_ tokens: TokenBatch) throws -> [Float] {
        let tower = try self.text ?? textTower(on: engine)
        self.text = tower
        return try engine.floats(of: tower(engine.tokens(tokens)))
    }

    func encode(clips pixels: PixelBatch, frames: Int) throws -> [Float] {
        let tower = try video ?? videoTower()
        video = tower
        return try engine.floats(of: tower(engine.pixels(pixels), frames))
    }

    private func videoTower() throws -> (E.Pixels, Int) throws -> E.Tensor {
        guard let definition = definition as? any VideoModelDefinition else {
            throw ModelError("\(checkpoint.path): the model has no video tower")
        }
        return try definition.videoTower(Parameters(checkpoint), engine: engine)
    }

    func encode(_ pixels: PixelBatch) throws -> [Float] {
        // One tower serves both.
        if definition is any VideoModelDefinition { return try encode(clips: pixels, frames: 1) }
        let tower = try image ?? definition.imageTower(Parameters(checkpoint), engine: engine)
        image = tower
        return try engine.floats(of: tower(engine.pixels(pixels)))
    }

    func time(_ pixels: PixelBatch, passes: Int) throws -> [Duration] {
        let timing = TimingEngine(engine)
        let tower = try definition.imageTower(Parameters(checkpoint), engine: timing)
        return try Self.median(of: passes, timing) { _ = try tower(timing.pixels(pixels)) }
    }

    func time(_ batches: [TokenBatch], passes: Int) throws -> [Duration] {
        let timing = TimingEngine(engine)
        let tower = try textTower(on: timing)
        return try Self.median(of: passes, timing) {
            for tokens in batches { _ = try tower(timing.tokens(tokens)) }
        }
    }

    private func textTower<T: Engine>(on engine: T) throws -> (T.Tokens) throws -> T.Tensor {
        guard let tower = try definition.textTower(Parameters(checkpoint), engine: engine) else {
            throw ModelError("\(checkpoint.path): the model has no text tower")
        }
        return tower
    }

    private static func median(
        of passes: Int, _ timing: TimingEngine<E>, _ run: () throws -> Void
    ) throws -> [Duration] {
        try run()  // compiles the matrix products
        let results = try (0..<max(1, passes)).map { _ in
            timing.reset()
            try run()
            return timing.durations
        }
        let sorted = results.sorted { $0.reduce(.zero, +) < $1.reduce(.zero, +) }
        return sorted[sorted.count / 2]
    }
}
