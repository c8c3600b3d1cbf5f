import Diptych
import DiptychTestSupport
import Foundation
import Testing

/// From texts and image files to embeddings, against transformers (Scripts/fixtures/small_model.py).
@Suite struct ReferenceParityTests {
    let expected: Expected

    init() throws { expected = try #require(Expected.shared) }

    @Test(arguments: [(ModelOptions.PrecisionChoice.fp32, 1e-5), (.bf16, 2e-3), (.int8, 2e-3), (.auto, 2e-3)])
    func embeddingsAgree(precision: ModelOptions.PrecisionChoice, tolerance: Double) async throws {
        let model = try await TinyModel.load(precision)
        let texts = try await model.embed(texts: expected.texts, normalize: false)
        let textLoss = worstLoss(texts, try expected.embeddings("texts"))
        #expect(textLoss <= tolerance)
        let images = try await model.embed(images: expected.sources, normalize: false)
        let imageLoss = worstLoss(images, try expected.embeddings("images"))
        #expect(imageLoss <= tolerance)
        print("\(precision): texts \(textLoss), images \(imageLoss)")

        // The cosine hides a wrong scale.
        let reference = try expected.embeddings("images")
        for (ours, theirs) in zip(images.values, reference.values) {
            #expect(abs(ours - theirs) <= (precision == .fp32 ? 1e-3 : precision == .bf16 ? 0.1 : 0.2))
        }
    }

    @Test func idsAgree() async throws {
        let model = try await TinyModel.load()
        #expect(expected.texts.map { model.tokenize($0).ids } == expected.ids)
        #expect(model.tokenize(String(repeating: "很", count: 60)).truncated > 0)
        #expect(model.tokenize("x").truncated == 0)
    }

    @Test func normalisedRowsHaveLengthOne() async throws {
        let model = try await TinyModel.load()
        let texts = try await model.embed(texts: expected.texts)
        for row in 0..<texts.count {
            #expect(abs(texts[row].values.reduce(0) { $0 + $1 * $1 } - 1) < 1e-6)
        }
        #expect(worstLoss(texts, try expected.embeddings("texts")) <= 1e-5)
    }

    @Test func filesBytesAndPixelsGiveTheSame() async throws {
        let model = try await TinyModel.load()
        let files = try await model.embed(images: expected.sources)
        let bytes = try await model.embed(
            images: expected.sources.map { .data(try $0.bytes(), label: "bytes") })
        let images = try await model.embed(images: expected.sources.map { try $0.image() })
        #expect(files == bytes)
        #expect(files == images)
    }

    @Test func nothingGivesNothing() async throws {
        let model = try await TinyModel.load()
        #expect(try await model.embed(texts: []).count == 0)
        #expect(try await model.embed(images: []).count == 0)
        #expect(try await model.embed(images: []).count == 0)
        #expect(try await model.embed(tokenized: []).count == 0)
    }

    @Test func similarityIsTheCosine() async throws {
        let (texts, images) = (try expected.embeddings("texts"), try expected.embeddings("images"))
        let matrix = images.similarity(to: texts)
        #expect(matrix.rows == images.count && matrix.columns == texts.count)
        for row in 0..<matrix.rows {
            for column in 0..<matrix.columns {
                #expect(abs(matrix[row, column] - images[row].similarity(to: texts[column])) < 1e-5)
            }
        }
    }

    @Test func impossibleIdsAreErrors() async throws {
        let model = try await TinyModel.load()
        let ids: [[Int32]] = [[], [-1], [871, 100_000, 872], Array(repeating: 5, count: 17), [.max], [.min]]
        for wrong in ids {
            let error = await #expect(throws: (any Error).self) {
                try await model.embed(tokenized: [model.tokenize("good"), TokenizedText(ids: wrong, truncated: 0)])
            }
            #expect(error.map { "\($0)".contains("\n") } == false)
        }
        // The model is none the worse for it.
        #expect(try await model.embed(texts: expected.texts).count == expected.texts.count)
    }
}
