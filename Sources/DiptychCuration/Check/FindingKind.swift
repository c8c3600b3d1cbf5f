/// A fault that datasets of images and texts have.
public enum FindingKind: String, Sendable, CaseIterable {
    /// A file that cannot be read at all.
    case unreadableFile = "unreadable_file"
    /// A file that belongs to others and is not there, or an image's file.
    case missingFile = "missing_file"
    /// A row that is not what its format asks for.
    case malformedRow = "malformed_row"
    /// A row without an image.
    case missingImage = "missing_image"
    /// An image that lies on the network, which nothing looked at.
    case remoteImage = "remote_image"
    /// Base64 with characters that it does not have.
    case brokenBase64 = "broken_base64"
    /// Base64 that ends within its image.
    case truncatedBase64 = "truncated_base64"
    /// Base64 of a sound image without its padding.
    case unpaddedBase64 = "unpadded_base64"
    /// A file of no bytes.
    case emptyImage = "empty_image"
    /// An image that cannot be decoded.
    case brokenImage = "broken_image"
    /// An image whose data end too early.
    case truncatedImage = "truncated_image"
    /// An image of a kind that is not read.
    case unsupportedImage = "unsupported_image"
    /// An image with more pixels or bytes than are read.
    case oversizedImage = "oversized_image"
    /// An id that stands for a second image.
    case duplicateImageID = "duplicate_image_id"
    /// An id that stands for a second text.
    case duplicateTextID = "duplicate_text_id"
    /// A text that names an image that is not there.
    case orphanImageID = "orphan_image_id"
    /// An image that no text names.
    case orphanImage = "orphan_image"
    /// A text without a character.
    case emptyText = "empty_text"
    /// A text of more tokens than the model reads.
    case longText = "long_text"
    /// A text that an earlier row has.
    case duplicateText = "duplicate_text"
    /// Tags, entities and the like within a text.
    case gluedMarkup = "glued_markup"
    /// A text read in another encoding than it was written in.
    case wrongEncoding = "wrong_encoding"
    /// A number of a class that does not exist.
    case labelOutOfRange = "label_out_of_range"
    /// Classes of very different sizes.
    case classImbalance = "class_imbalance"
    /// The bytes of an earlier image of the split.
    case duplicateImage = "duplicate_image"
    /// An image that looks like an earlier one of the split.
    case nearDuplicateImage = "near_duplicate_image"
    /// The bytes of an image of another split.
    case duplicateAcrossSplits = "duplicate_across_splits"
    /// An image that looks like one of another split.
    case nearDuplicateAcrossSplits = "near_duplicate_across_splits"
    /// Counts in an LMDB that differ from what is there.
    case lmdbCount = "lmdb_count"

    /// How bad a fault is. Either makes a check end with status 3.
    public enum Severity: String, Sendable, Comparable {
        /// A program stops, or a number is wrong.
        case error
        /// Something is wasted, or may be as it is on purpose.
        case warning

        /// Errors come first.
        public static func < (a: Severity, b: Severity) -> Bool { a == .error && b == .warning }
    }

    /// How bad it is.
    public var severity: Severity {
        switch self {
        case .orphanImage, .longText, .duplicateText, .classImbalance, .duplicateImage, .nearDuplicateImage,
            .nearDuplicateAcrossSplits, .remoteImage, .unsupportedImage, .oversizedImage:
            .warning
        default: .error
        }
    }

    /// What it costs in training or evaluation, in one sentence.
    public var cost: String {
        switch self {
        case .unreadableFile: "Nothing in the file takes part in training or evaluation."
        case .missingFile: "Training stops when it opens the file, or goes on without what is in it."
        case .malformedRow: "Chinese-CLIP's scripts stop at the row; other loaders lose it."
        case .missingImage: "The row's text has nothing to be matched with."
        case .remoteImage: "The image was not checked, and training from files lacks it until it is downloaded."
        case .brokenBase64: "The loader stops, or decodes noise where the image should be."
        case .truncatedBase64: "The loader stops in the middle of an epoch when it reaches the image."
        case .unpaddedBase64: "Python's base64 decoder stops with 'Incorrect padding', and so does training."
        case .emptyImage: "The loader stops in the middle of an epoch when it reaches the image."
        case .brokenImage: "The loader stops within an epoch, and evaluation counts the image's texts as misses."
        case .truncatedImage: "Pillow refuses the image, or its missing part becomes grey and is learnt as that."
        case .unsupportedImage: "The image cannot be embedded here, and other loaders may stop at it."
        case .oversizedImage: "Decoding takes gigabytes, and Pillow refuses it as a decompression bomb."
        case .duplicateImageID: "One of the two images is never seen, and its texts describe the other."
        case .duplicateTextID: "Evaluation keeps one prediction an id: one of the texts is scored by the other's."
        case .orphanImageID: "Training stops with a missing key, and evaluation always counts the text as a miss."
        case .orphanImage: "The image is never trained on; in evaluation it only makes retrieval harder."
        case .emptyText: "The model learns that the image means nothing in particular; as a query it is noise."
        case .longText: "The tokens beyond the model's context are cut off in silence: their words are never learnt."
        case .duplicateText:
            "In a batch the other image is a wrong negative; in evaluation only one of the images counts as right."
        case .gluedMarkup:
            "Tags become tokens: with them, image recall at 5 on Flickr30k-CN was 0.74 where 0.91 is published."
        case .wrongEncoding: "The text is noise to the tokenizer: mostly unknown tokens, and nothing is learnt from it."
        case .labelOutOfRange: "The loss reads beyond the classes and stops, or the row is always counted as wrong."
        case .classImbalance: "The rare classes hardly move the loss, and accuracy says little about them."
        case .duplicateImage: "The image weighs twice in training and is a wrong negative of itself in a batch."
        case .nearDuplicateImage:
            "The image weighs twice in training and is almost a wrong negative of itself in a batch."
        case .duplicateAcrossSplits: "The evaluation contains what was trained on: its numbers are too high."
        case .nearDuplicateAcrossSplits: "The evaluation has nearly what was trained on: its numbers may be too high."
        case .lmdbCount: "Chinese-CLIP takes its samples from the count: it stops at a missing key or skips the rest."
        }
    }
}
