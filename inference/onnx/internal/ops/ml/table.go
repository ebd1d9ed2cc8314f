package ml

import "github.com/turgo-io/turgo/inference/onnx/internal/ops/op"

// Domain is the operator set's name.
const Domain = "ai.onnx.ml"

// Table lists the family's operators.
func Table() []op.Def {
	t := []op.Def{
		{Name: "ArrayFeatureExtractor", New: newArrayFeatureExtractor},
		{Name: "Binarizer", New: newBinarizer},
		{Name: "CastMap", New: newCastMap},
		{Name: "CategoryMapper", New: newCategoryMapper},
		{Name: "DictVectorizer", New: newDictVectorizer},
		{Name: "FeatureVectorizer", New: newFeatureVectorizer},
		{Name: "Imputer", New: newImputer},
		{Name: "LabelEncoder", New: newLabelEncoder},
		{Name: "LinearClassifier", New: newLinearClassifier},
		{Name: "LinearRegressor", New: newLinearRegressor},
		{Name: "Normalizer", New: newNormalizer},
		{Name: "OneHotEncoder", New: newOneHotEncoder},
		{Name: "SVMClassifier", New: newSVMClassifier},
		{Name: "SVMRegressor", New: newSVMRegressor},
		{Name: "Scaler", New: newScaler},
		{Name: "TreeEnsemble", New: newTreeEnsemble},
		{Name: "TreeEnsembleClassifier", New: newTreeClassifier},
		{Name: "TreeEnsembleRegressor", New: newTreeRegressor},
		{Name: "ZipMap", New: newZipMap},
	}
	for i := range t {
		t[i].Domain, t[i].Since = Domain, 1
	}
	return t
}
