#!/usr/bin/env bash
# Makes an authority, a certificate for the webhook's Service, and the patch with the authority, in this directory.
# Run it again before the certificate ends; the pods read the new one without a restart.
set -euo pipefail
umask 077
cd "$(dirname "$0")"
days=${1:-365}
name=portcullis-webhook.portcullis.svc

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days "$days" \
  -keyout ca.key -out ca.crt -subj "/CN=portcullis webhook authority" 2>/dev/null
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
  -keyout tls.key -out tls.csr -subj "/CN=$name" 2>/dev/null
openssl x509 -req -in tls.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days "$days" -out tls.crt \
  -extfile <(printf 'subjectAltName=DNS:%s,DNS:%s.cluster.local\nextendedKeyUsage=serverAuth\n' "$name" "$name") 2>/dev/null
rm -f tls.csr ca.srl

cat >ca-bundle.yaml <<YAML
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata:
  name: portcullis
webhooks:
  - name: policies.portcullis.dev
    clientConfig:
      caBundle: $(base64 <ca.crt | tr -d '\n')
YAML
echo "written: ca.crt ca.key tls.crt tls.key ca-bundle.yaml (valid $days days)"
