import Diptych
import DiptychTestSupport
import Foundation
import Testing

/// Zero-shot classification.
@Suite struct ClassifierTests {
    let expected: Expected

    init() throws { expected = try #require(Expected.shared) }

    @Test func agreesWithTheReference() async throws {
        let model = try await TinyModel.load()
        #expect(abs(model.logits.scale - expected.logitScale) < 1e-3)
        let classifier = try await model.classifier(labels: expected.labels)
        let images = try await model.embed(images: expected.sources)
        for row in 0..<images.count {
            let predictions = classifier.predictions(for: images[row])
            for (label, probability) in zip(expected.labels, expected.probabilities[row]) {
                let ours = try #require(predictions.first { $0.label == label })
                // Cosines are off by up to 1e-5, logits by a hundred times that.
                #expect(abs(Double(ours.probability) - probability) < 2e-3, "\(expected.pictures[row]), \(label)")
            }
        }
    }

    @Test func ensemblesAgreeWithTheReference() async throws {
        let model = try await TinyModel.load()
        let classifier = try await model.classifier(labels: expected.labels, templates: .custom(expected.templates))
        #expect(worstLoss(classifier.embeddings, try expected.embeddings("ensemble")) < 1e-6)
        #expect(classifier.templates == expected.templates)
        let images = try await model.embed(images: expected.sources)
        for (row, predictions) in classifier.predictions(for: images).enumerated() {
            #expect(predictions.count == expected.labels.count)
            for (label, probability) in zip(expected.labels, expected.ensembleProbabilities[row]) {
                let ours = try #require(predictions.first { $0.label == label })
                // Cosines are off by up to 1e-5, logits by a hundred times that.
                #expect(abs(Double(ours.probability) - probability) < 2e-3, "\(expected.pictures[row]), \(label)")
            }
        }
    }

    @Test func agreesWithASoftmaxOfReferenceFeatures() async throws {
        let model = try await TinyModel.load()
        let classifier = try await model.classifier(labels: expected.labels)
        let (images, labels) = (try expected.embeddings("images"), try expected.embeddings("labels"))
        for row in 0..<images.count {
            let logits = (0..<labels.count).map {
                Double(expected.logitScale) * Double(images[row].similarity(to: labels[$0]))
            }
            let total = logits.reduce(0) { $0 + exp($1) }
            for prediction in classifier.predictions(for: images[row]) {
                let index = try #require(expected.labels.firstIndex(of: prediction.label))
                #expect(abs(Double(prediction.probability) - exp(logits[index]) / total) < 2e-3)
                #expect(abs(prediction.similarity - images[row].similarity(to: labels[index])) < 1e-5)
            }
        }
    }

    @Test(arguments: [PromptTemplates.none, .openAI, .chinese, .custom(["{}", "two {} and {}"])])
    func probabilitiesAreOrderedAndSumToOne(templates: PromptTemplates) async throws {
        let model = try await TinyModel.load()
        let labels = (0..<50).map { "label \($0)" }
        let classifier = try await model.classifier(labels: labels, templates: templates)
        for row in [0, 3, 5] {
            let image = try await model.embed(images: [expected.sources[row]])[0]
            let predictions = classifier.predictions(for: image)
            #expect(predictions.map(\.label).sorted() == labels.sorted())
            #expect(abs(predictions.reduce(0) { $0 + $1.probability } - 1) < 1e-5)
            #expect(zip(predictions, predictions.dropFirst()).allSatisfy { $0.probability >= $1.probability })
            #expect(predictions.allSatisfy { (0...1).contains($0.probability) && abs($0.similarity) <= 1.000001 })
        }
    }

    @Test func aLabelIsTheMeanOfItsSentences() async throws {
        let model = try await TinyModel.load()
        let classifier = try await model.classifier(
            labels: ["cat", "dog"], templates: .custom(["a {}", "two {}s, {}"]))
        let sentences = try await model.embed(texts: ["a cat", "two cats, cat", "a dog", "two dogs, dog"])
        for label in 0..<2 {
            let mean = zip(sentences[2 * label].values, sentences[2 * label + 1].values).map { ($0 + $1) / 2 }
            #expect(classifier.embeddings[label].similarity(to: Embedding(values: mean)) > 0.999_999)
        }
    }

    @Test func equalLabelsKeepTheirOrder() async throws {
        let model = try await TinyModel.load()
        let classifier = try await model.classifier(labels: ["dog", "cat", "CAT", "Cat", "cat"])
        let image = try await model.embed(images: [expected.sources[1]])[0]
        let cats = classifier.predictions(for: image).map(\.label).filter { $0 != "dog" }
        #expect(cats == ["cat", "CAT", "Cat", "cat"])
        let same = try await model.classifier(labels: ["x", "x"]).predictions(for: image)
        #expect(same.map(\.probability) == [0.5, 0.5])
    }

    @Test func oneLabelIsCertain() async throws {
        let model = try await TinyModel.load()
        let classifier = try await model.classifier(labels: ["cat"])
        #expect(classifier.predictions(for: try await model.embed(texts: ["dog"])[0]).map(\.probability) == [1])
    }

    @Test func mistakesAreErrors() async throws {
        let model = try await TinyModel.load()
        let cases: [(labels: [String], templates: PromptTemplates, words: String)] = [
            ([], .none, "no label"), (["cat", " \n"], .none, "label 2"), ([""], .openAI, "label 1"),
            (["cat"], .custom([]), "no template"), (["cat"], .custom(["{}", "a photo"]), "\"a photo\""),
            (["cat"], .custom([""]), "{}"), (["cat"], .custom(["a\nphoto"]), "{}"),
        ]
        for (labels, templates, words) in cases {
            let error = try await #require(throws: ModelError.self) {
                try await model.classifier(labels: labels, templates: templates)
            }
            #expect(error.description.contains(words) && !error.description.contains("\n"), "\(error)")
        }
    }

    @Test func labelsMayHoldWhatTemplatesMean() async throws {
        let model = try await TinyModel.load()
        let classifier = try await model.classifier(labels: ["{}", "a {} b"], templates: .custom(["<{}>"]))
        let sentences = try await model.embed(texts: ["<{}>", "<a {} b>"])
        #expect(worstLoss(classifier.embeddings, sentences) < 1e-6)
    }
}
