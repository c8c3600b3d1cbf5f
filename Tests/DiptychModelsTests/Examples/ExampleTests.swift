import DiptychEngine
import DiptychModels
import DiptychCheckpoints
import Foundation
import Testing

/// The worked examples of Documentation/engine.md.
@Suite struct ExampleTests {
    @Test func theEngineCountsWhatAPassProduces() throws {
        let fixture = try CLIPParityTests.Fixture("quickgelu-legacy-end")
        let (sizes, images) = (fixture.configuration.vision, 5)
        let engine = ActivationEngine()
        let tower = try CLIPVisionTower(Parameters(fixture.checkpoint), fixture.configuration, engine: engine)
        let embeddings = try tower(fixture.batch(Array(0..<images)))
        #expect(embeddings.layout == SequenceLayout(count: images, length: 1))
        #expect(embeddings.columns == fixture.configuration.embeddingDimension)

        let (width, inner) = (sizes.width, sizes.feedForwardWidth)
        let rows = images * (1 + sizes.patches)
        // Two norms, queries with keys and values, attention, two sums, and the hidden layer.
        let block = rows * (8 * width + inner)
        // A norm, queries with keys and values, and attention; then the pooled rows alone.
        let last = rows * 5 * width + images * (5 * width + inner)
        let ends = rows * 2 * width + images * (width + fixture.configuration.embeddingDimension)
        #expect(engine.total == (sizes.layers - 1) * block + last + ends)
    }

    @Test(arguments: FamilyParityTests.models)
    func theEngineRunsEveryFamily(model: String) throws {
        let fixture = try FamilyParityTests.Fixture(model)
        let (engine, root) = (ActivationEngine(), Parameters(fixture.checkpoint))
        let images = try VisionTower(root, fixture.configuration, engine: engine)(fixture.pixels)
        let texts = try TextTower(root, fixture.configuration, engine: engine)(TokenBatch(fixture.texts))
        #expect(images.layout.rows * images.columns == fixture.imageFeatures.count)
        #expect(texts.layout.rows * texts.columns == fixture.textFeatures.count)
        #expect(engine.total > 0)
    }

    /// The tower once more, in double precision and plain loops.
    private func expected(_ ids: [Int32], _ sizes: FeedForwardTextTower<CPUEngine>.Sizes, _ weights: [String: [Float]])
        -> [Double]
    {
        func weight(_ name: String) -> [Double] { (weights[name] ?? []).map(Double.init) }
        func product(_ x: [Double], _ name: String) -> [Double] {
            let (matrix, bias) = (weight(name + ".weight"), weight(name + ".bias"))
            return (0..<matrix.count / x.count).map { output -> Double in
                var sum = bias.isEmpty ? 0 : bias[output]
                for (i, value) in x.enumerated() { sum += matrix[output * x.count + i] * value }
                return sum
            }
        }
        // Only the last row is asked for, and rows never meet.
        let (width, last) = (sizes.width, ids.count - 1)
        let (tokens, positions) = (weight("tokens.weight"), weight("positions.weight"))
        var x = (0..<width).map { tokens[Int(ids[last]) * width + $0] + positions[last * width + $0] }
        for layer in 0..<sizes.layers {
            let place = "blocks.\(layer)."
            let mean = x.reduce(0, +) / Double(width)
            let variance = x.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(width)
            let deviation = (variance + 1e-5).squareRoot()
            let (gain, shift) = (weight(place + "norm.weight"), weight(place + "norm.bias"))
            let normed = x.indices.map { i -> Double in (x[i] - mean) / deviation * gain[i] + shift[i] }
            let hidden = product(normed, place + "expand").map { h -> Double in h * (1 + erf(h / 2.0.squareRoot())) / 2
            }
            x = zip(x, product(hidden, place + "contract")).map { $0 + $1 }
        }
        return product(x, "projection")
    }

    @Test func theModelComputesWhatItSays() throws {
        let sizes = FeedForwardTextTower<CPUEngine>.Sizes()
        let (width, inner) = (sizes.width, sizes.inner)
        var shapes: [(name: String, shape: [Int])] = [
            ("tokens.weight", [sizes.vocabulary, width]), ("positions.weight", [sizes.context, width]),
            ("projection.weight", [sizes.outputs, width]),
        ]
        for layer in 0..<sizes.layers {
            let place = "blocks.\(layer)."
            shapes += [
                (place + "norm.weight", [width]), (place + "norm.bias", [width]),
                (place + "expand.weight", [inner, width]), (place + "expand.bias", [inner]),
                (place + "contract.weight", [width, inner]), (place + "contract.bias", [width]),
            ]
        }
        var state: UInt64 = 17
        var weights: [String: [Float]] = [:]
        for (name, shape) in shapes {
            weights[name] = (0..<shape.reduce(1, *)).map { _ -> Float in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return Float(state >> 40) / Float(1 << 23) - 1
            }
        }
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).safetensors")
        defer { try? FileManager.default.removeItem(at: file) }
        let writer = try SafetensorsWriter(path: file.path, tensors: shapes)
        for (name, _) in shapes { try writer.append(weights[name] ?? []) }
        try writer.finish()

        let root = Parameters(try Checkpoint(at: file))
        let texts: [[Int32]] = [[4], [7, 1, 30], [49, 0, 2, 3, 9, 11, 12, 40]]
        let tower = try FeedForwardTextTower(root, sizes, engine: CPUEngine(precision: .fp32, threads: 1))
        try root.finish()
        let found = try tower(TokenBatch(texts)).floats()
        let wanted = texts.flatMap { expected($0, .init(), weights) }
        #expect(found.count == wanted.count)
        #expect(zip(found, wanted).allSatisfy { abs(Double($0) - $1) < 1e-4 })

        let cost = CostEngine()
        _ = try FeedForwardTextTower(Parameters(Checkpoint(at: file)), .init(), engine: cost)
        #expect(cost.parameters == weights.values.reduce(0) { $0 + $1.count })
    }
}
