extension Classifier.Prediction {
    /// As results show it.
    package var json: JSON {
        ["label": .string(label), "probability": .float(probability), "similarity": .float(similarity)]
    }
}
