import Diptych
import Testing

/// The built-in sets of templates keep the promises that they are written by.
@Suite struct PromptTemplatesTests {
    @Test(arguments: [PromptTemplates.openAI, .chinese])
    func everySentenceHasOnePlaceAndStandsOnce(set: PromptTemplates) {
        let sentences = set.sentences
        #expect((35...50).contains(sentences.count))
        #expect(Set(sentences).count == sentences.count)
        for sentence in sentences {
            #expect(sentence.split(separator: "{}", omittingEmptySubsequences: false).count == 2, "\(sentence)")
            #expect(!sentence.replacing("{}", with: "").contains { "{}\n".contains($0) }, "\(sentence)")
            #expect(sentence.trimmingPrefix(" ") == sentence && !sentence.contains("  "), "\(sentence)")
        }
    }

    @Test func englishFitsPluralsAndNames() {
        for sentence in PromptTemplates.openAI.sentences {
            let words = sentence.split { !$0.isLetter && $0 != "{" && $0 != "}" }
            let label = words.firstIndex { $0.contains("{}") } ?? 0
            // "a cats" and "the Paris" would be wrong, and so would a verb that the label decides the form of.
            if label > 0 { #expect(!["a", "an", "the", "one", "many"].contains(words[label - 1]), "\(sentence)") }
            if label + 1 < words.count {
                #expect(!["is", "are", "has", "have"].contains(words[label + 1]), "\(sentence)")
            }
            #expect(sentence.hasSuffix(".") && sentence.allSatisfy(\.isASCII), "\(sentence)")
        }
    }

    @Test func chineseNeedsNoMeasureWordForTheLabel() {
        let measures = Set("个只条头匹辆朵颗张幅把件座棵")
        for sentence in PromptTemplates.chinese.sentences {
            let before = sentence.prefix { $0 != "{" }.last
            // 一张 and 一幅 count the image, so the label stands behind 的, a verb, or right at the image's name.
            let countsImage = sentence.contains("{}的") && "张幅".contains(before ?? " ")
            #expect(before.map { !measures.contains($0) } ?? true || countsImage, "\(sentence)")
            #expect(sentence.hasSuffix("。") && !sentence.contains { $0.isASCII && $0.isLetter }, "\(sentence)")
        }
    }

    @Test func theOtherSetsAreWhatTheySay() {
        #expect(PromptTemplates.none.sentences == ["{}"])
        #expect(PromptTemplates.custom(["a {}", "a {}"]).sentences == ["a {}", "a {}"])
    }
}
